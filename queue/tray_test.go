package queue

import (
	"errors"
	"testing"
	"time"
)

func TestATrayThatIsDamagedDeliversTheRest(t *testing.T) {
	each(t, Options{TrayBytes: 2000}, func(r *rig) {
		late := func(id string) Delivery {
			return Delivery{Job: id, Reply: []byte(`{}`), Files: []Attachment{{Name: "one.png", Bytes: make([]byte, 600)}}}
		}
		lay := func(id string) {
			r.Helper()
			if err := r.PutTray(r.ctx, late(id)); err != nil {
				r.Fatal(err)
			}
		}
		took := func(want string) {
			r.Helper()
			r.clock.advance(2 * time.Minute)
			all, _ := r.TakeTray(r.ctx, 5)
			got := ""
			for _, d := range all {
				got += d.Job + " "
			}
			if got != want {
				r.Errorf("took %q, want %q", got, want)
			}
		}
		key := r.opts.prefix() + "delivery:"
		lay("1-0")
		lay("2-0")
		r.db.Del(r.ctx, key+"1-0")
		if has, err := r.InTray(r.ctx, "1-0"); err != nil || has {
			r.Errorf("a name without a delivery in the tray: %v, %v; want false", has, err)
		}
		took("2-0 ")
		lay("3-0") // what is gone takes no room
		r.db.Del(r.ctx, key+"3-0")
		lay("3-0")
		took("3-0 2-0 ")
		r.db.LSet(r.ctx, key+"2-0", 0, "no slip")
		took("3-0 ")
		if err := errors.Join(r.AckTray(r.ctx, "2-0"), r.AckTray(r.ctx, "3-0"), r.PutTray(r.ctx, late("4-0"))); err != nil {
			r.Error(err)
		}
		if room := r.db.HGet(r.ctx, r.opts.prefix()+"sizes", "").Val(); room < "600" || room > "699" {
			r.Errorf("one delivery takes %s bytes, want some 600", room)
		}
	})
}
