package pipeline

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"darkroom/render/addon"
	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/inventory"
	"darkroom/render/request"
)

// OpenItem opens what lies in the models folder, without hashing it: a model as Open does, or an add-on's header.
func OpenItem(i inventory.Item) (inventory.Opened, error) {
	if !i.Kind.IsModel() {
		return openAddon(i)
	}
	m, err := Open(i.Path, folder.Unhashed(), folder.WithVAEs(folder.VAEs{Files: i.VAEs}))
	if err != nil {
		return inventory.Opened{ByVAEs: errors.Is(err, checkpoint.ErrNoVAE)}, err
	}
	if m.Card.Name == "" {
		m.Name = i.Name // of two files of one name, with the folder
	}
	opened := inventory.Opened{Model: m, Notes: Notes(m), ByVAEs: m.ByVAEs}
	if i.Kind == inventory.Checkpoint {
		about, err := inventory.ReadNotes(i.Path)
		if err != nil {
			opened.Notes = append(opened.Notes, err.Error())
		}
		m.Card.NSFW = about.NSFW
	}
	return opened, nil
}

// openAddon reads what is known of an add-on before it is used: its file, and what lies beside it.
func openAddon(i inventory.Item) (inventory.Opened, error) {
	card, err := readAddon(i)
	if err != nil {
		return inventory.Opened{}, namePath(i.Path, err)
	}
	card.Name = i.Name
	var opened inventory.Opened
	about, err := inventory.ReadNotes(i.Path)
	if err != nil {
		opened.Notes = append(opened.Notes, err.Error())
	}
	if len(about.Triggers) > 0 {
		card.Triggers = about.Triggers
	}
	card.Strength, card.NSFW = about.Strength, about.NSFW
	opened.Addon = &card
	return opened, nil
}

// namePath makes an error name a path once, at its start.
func namePath(path string, err error) error {
	switch text := err.Error(); {
	case strings.HasPrefix(text, path):
		return err
	case strings.Contains(text, path+": "):
		return fmt.Errorf("%s: %s", path, strings.Replace(text, path+": ", "", 1))
	}
	return fmt.Errorf("%s: %w", path, err)
}

func readAddon(i inventory.Item) (request.AddonCard, error) {
	switch i.Kind {
	case inventory.LoRA, inventory.Embedding, inventory.Hypernetwork:
		return addon.Read(string(i.Kind), i.Path)
	}
	card := request.AddonCard{Kind: string(i.Kind)}
	if i.Kind == inventory.VAE {
		_, err := checkpoint.OpenVAE(i.Path)
		return card, err
	}
	u, err := OpenUpscaler(i.Path)
	if err != nil {
		return card, err
	}
	card.Scale, card.Work = u.Scale, math.Round(u.Work)
	return card, nil
}
