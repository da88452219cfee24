package sandbox_test

import (
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/chromedp/chromedp"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

// startPreferBot starts a bot with a command of which each subcommand has one option that may be left out, as /prefer
// has, and with a command for messages. Both have German texts.
func startPreferBot(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s := sandboxtest.Start(t, sandbox.Options{Title: "darkroom", Now: frozenClock()})
	s.Rules().Allow("null-list")
	bot := &echoBot{t: t}
	german := func(text string) map[discordgo.Locale]string {
		return map[discordgo.Locale]string{discordgo.German: text}
	}
	behind := &dgOption{Type: discordgo.ApplicationCommandOptionString, Name: "text", Description: "Behind each prompt",
		DescriptionLocalizations: german("Hinter jedem Prompt")}
	menu, about := german("Bildinfo"), german("Vorlieben")
	commands := []*dgCommand{
		{Name: "prefer", Description: "Preferences", DescriptionLocalizations: &about, Options: []*dgOption{
			{Type: discordgo.ApplicationCommandOptionSubCommand, Name: "suffix", Description: "Set a suffix",
				DescriptionLocalizations: german("Setze einen Zusatz"), Options: []*dgOption{behind}},
			{Type: discordgo.ApplicationCommandOptionSubCommand, Name: "set", Description: "Set defaults",
				Options: []*dgOption{
					{Type: discordgo.ApplicationCommandOptionString, Name: "model", Description: "The model"},
					{Type: discordgo.ApplicationCommandOptionString, Name: "size", Description: "The size"}}},
		}},
		{Name: "Image info", Type: discordgo.MessageApplicationCommand, NameLocalizations: &menu},
	}
	if _, err := connect(t, s, bot.handle).ApplicationCommandBulkOverwrite(s.AppID(), "", commands); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPageTakesWhatFollowsTheCommand types on after a command's name, as whoever knows it does: the text is the value
// of its only option, and sending the command without it would do something else.
func TestPageTakesWhatFollowsTheCommand(t *testing.T) {
	t.Parallel()
	s := startPreferBot(t)
	ctx := browser(t, 390, 844)
	const value = `document.querySelector('[aria-label="text"]').value`
	runStep(t, ctx, "open", openPage(s)...)
	runStep(t, ctx, "type all of it", typeInto(box, "/prefer suffix "), see("text"), typeInto("text", "--ar 3:2"))
	if got := evaluate[string](t, ctx, value); got != "--ar 3:2" {
		t.Errorf("got %q in the field, want --ar 3:2", got)
	}
	runStep(t, ctx, "begin anew", click("Cancel command"), see(box), clearBox, typeInto(box, "/pref"), see("Commands"),
		click("Send"), see("text"))
	runStep(t, ctx, "type on where more can be left out", click("Cancel command"), see(box), clearBox,
		typeInto(box, "/prefer set "), see("model"))
	if got := evaluate[string](t, ctx, `document.activeElement.ariaLabel`); got != "model" {
		t.Errorf("the focus is on %q, want the first option", got)
	}
	runStep(t, ctx, "choose it from the list", click("Cancel command"), see(box), clearBox,
		typeInto(box, "/prefer set\t"), see("Add option model"))
	runStep(t, ctx, "paste a whole command", click("Cancel command"), see(box), chromedp.Evaluate[chromedp.Void](`(() => {
		const field = document.querySelector('[aria-label="Message #pictures"]');
		field.value = "/prefer suffix Text: --ar 16:9";
		field.dispatchEvent(new Event("input", { bubbles: true }));
	})()`), see("text"))
	if got := evaluate[string](t, ctx, value); got != "--ar 16:9" {
		t.Errorf("got %q in the field after the paste, want --ar 16:9", got)
	}
}

func TestPageShowsCommandsInTheLanguageOfTheClient(t *testing.T) {
	t.Parallel()
	s := startPreferBot(t)
	d := s.Defaults()
	s.SetLocale(d.Moderator.ID, "de")
	if _, err := s.Say(d.Moderator.ID, d.Channel.ID, "hello"); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", append(openPage(s), typeInto(box, "/pre"), see("Commands"))...)
	if got := read(t, ctx, `[role="option"] span`); got != "Setze einen Zusatz" {
		t.Errorf("the list says %q, want it in German", got)
	}
	runStep(t, ctx, "choose it", click("Send"), see("text"))
	if got := read(t, ctx, ".help"); got != "text Hinter jedem Prompt" {
		t.Errorf("the form says %q, want it in German", got)
	}
	runStep(t, ctx, "open the menu of a message", chromedp.Focus(byLabel("Message commands")), chromedp.KeyEvent(enter),
		chromedp.WaitVisible(`[role="menu"]`))
	if got := read(t, ctx, `[role="menuitem"]`); got != "Bildinfo" {
		t.Errorf("the menu says %q, want Bildinfo", got)
	}
	runStep(t, ctx, "run it", chromedp.KeyEvent(enter), chromedp.WaitVisible(`//*[contains(., "About message")]`))
}
