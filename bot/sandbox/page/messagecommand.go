package page

import "net/http"

// messageCommand runs a command from the menu of a message.
func (p *Page) messageCommand(w http.ResponseWriter, r *http.Request) {
	a, err := readAction(r)
	if err != nil {
		sendError(w, err)
		return
	}
	i, err := p.world.MessageCommand(a.User, a.Message, a.Name)
	p.sendInteraction(w, i, err)
}
