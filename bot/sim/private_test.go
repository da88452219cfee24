package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/world"
	"darkroom/store"
)

// wantPings has every second user be pinged when a request ends.
func (w *workload) wantPings() {
	for n, u := range w.users {
		if n%2 == 0 {
			continue
		}
		_, err := w.db.ChangePreferences(context.Background(), u.ID, func(p *store.Preferences) { p.Ping = true })
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// secret returns a prompt that no other request has, and remembers it.
func (w *workload) secret() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := fmt.Sprintf("a secret boat no. %d.", len(w.secrets))
	w.secrets = append(w.secrets, text)
	return text
}

// publish notes that others may see a secret from now on.
func (w *workload) publish(secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published[secret] = true
}

// afterPrivate has the owner of a private request answer the question that the bot may ask, or perhaps share the
// images. choice is 0 to 99.
func (w *workload) afterPrivate(user, interaction, secret string, choice int) {
	w.followUps.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		var asked, share string
		m, err := w.WaitReply(ctx, interaction, func(m sandbox.Message) bool {
			asked, share = customID(m, button.Private), customID(m, button.Share)
			return asked != "" || share != ""
		})
		answer := message.AnswerDirect
		switch {
		case err != nil:
			return
		case asked == "" && choice >= 40:
			return
		case asked == "":
			w.publish(secret)
			_, _ = w.Click(user, m.ID, share)
			_, _ = w.Click(user, m.ID, share) // a double click; errors are those of a message that is gone
			return
		case choice < 20:
			w.publish(secret)
			answer = message.AnswerPublic
		}
		w.askAndFollowUp(user, m.ChannelID, 99, 0, func() (sandbox.Interaction, error) {
			id, _ := button.Parse(asked)
			id.Arg = answer
			return w.Click(user, m.ID, id.String())
		})
	})
}

// answered returns the message that Discord made or changed by a request that it accepted.
func answered(r rules.Request) (m sandbox.Message, ok bool) {
	var a struct {
		Resource struct {
			Message *sandbox.Message `json:"message"`
		} `json:"resource"`
	}
	if r.Status < 200 || r.Status > 299 || json.Unmarshal(r.Answer, &m) != nil || json.Unmarshal(r.Answer, &a) != nil {
		return m, false
	}
	if a.Resource.Message != nil {
		m = *a.Resource.Message
	}
	return m, m.ID != ""
}

// checkSecrets looks for secrets in messages that others than their owners can see.
func (o *oracle) checkSecrets() {
	public := map[string]bool{}
	for _, c := range o.channels {
		public[c] = true
	}
	shared := map[string][]string{} // messages, by the nonce of what is shared
	for _, r := range o.Rules().Requests() {
		m, ok := answered(r)
		if !ok || !public[m.ChannelID] || m.Ephemeral() {
			continue
		}
		for _, s := range o.secrets {
			if strings.Contains(m.Text(), s) && !o.published[s] {
				o.addWrongMessage(m.ID, "shows everybody the private prompt %q, by %s %.60s", s, r.Method, r.Path)
			}
		}
		if nonce := nonceOf(r); strings.HasPrefix(nonce, "s") && !slices.Contains(shared[nonce], m.ID) {
			shared[nonce] = append(shared[nonce], m.ID)
		}
	}
	for nonce, messages := range shared {
		o.verdict.Ends["shared"]++
		if len(messages) > 1 {
			o.addDouble(nonce[2:], "was shared by %d messages", len(messages))
		}
	}
}

// nonceOf is the nonce of a post.
func nonceOf(r rules.Request) string {
	var body struct {
		Nonce string `json:"nonce"`
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return ""
	}
	return body.Nonce
}

// checkPings checks that no job was followed by more than one ping, and that only their owners were pinged, about what
// everybody sees.
func (o *oracle) checkPings() {
	pings := map[string][]string{} // messages, by job
	for _, r := range o.Rules().Requests() {
		job, isPing := strings.CutPrefix(nonceOf(r), "p")
		m, ok := answered(r)
		if !isPing || !ok || slices.Contains(pings[job], m.ID) {
			continue
		}
		pings[job] = append(pings[job], m.ID)
		e, err := o.db.Find(context.Background(), job)
		if err != nil {
			o.t.Error(err)
			continue
		}
		to, err := message.DecodeAddress(e.Address)
		if err != nil || to.Private() || e.State != store.Done && e.State != store.Failed {
			o.addWrongMessage(job, "is %s, private %v, and was followed by a ping (%v)", e.State, to.Private(), err)
		}
	}
	for job, messages := range pings {
		o.verdict.Ends["pinged"]++
		if len(messages) > 1 {
			o.addDouble(job, "was followed by %d pings", len(messages))
		}
	}
}

// outOfReach reports whether a job's message is a private one that nobody could edit when the job ended: the end is
// elsewhere then.
func (o *oracle) outOfReach(e store.Job) bool {
	to, err := message.DecodeAddress(e.Address)
	if err != nil || !to.Ephemeral || !o.tokenFailed(e) {
		return false
	}
	o.verdict.Ends["private, and its message still waits"]++
	return true
}

// tokenFailed reports whether the token of a job's interaction was too old when the job ended, or whether Discord ever
// refused a request by it or broke one off.
func (o *oracle) tokenFailed(e store.Job) bool {
	if e.Updated.Sub(e.Created) > world.TokenLife-time.Minute {
		return true
	}
	i, _ := o.FindInteraction(e.ID[:len(e.ID)-2])
	return slices.ContainsFunc(o.Rules().Requests(), func(r rules.Request) bool {
		return strings.Contains(r.Path, "/"+i.Token+"/") && (r.Status == 0 || r.Status >= 400)
	})
}

// onceMoreToOwner reports whether a job is private, and two messages show it to its owner alone: one that nobody could
// look at any more, and a direct message. Its renderer died before the end was noted, or Redis lost the end.
func (o *oracle) onceMoreToOwner(e store.Job, shown []string) bool {
	to, err := message.DecodeAddress(e.Address)
	if err != nil || !to.Ephemeral || !e.WasLeased || len(shown) != 2 || !o.tokenFailed(e) {
		return false
	}
	direct, err := o.DM(e.User)
	if err != nil {
		o.t.Error(err)
	}
	for n, id := range shown {
		m, there := o.VisibleMessage(e.User, id)
		if there && m.Ephemeral() != (n == 0) || there && n == 1 && m.ChannelID != direct.ID {
			return false
		}
	}
	o.verdict.Ends["private, twice to its owner"]++
	return true
}
