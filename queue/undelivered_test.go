package queue

import (
	"errors"
	"testing"
	"time"
)

func TestDamagedUndeliveredResultKeepsNoOtherBack(t *testing.T) {
	onEachBackend(t, Options{UndeliveredBytes: 2000}, func(r *fixture) {
		newUndelivered := func(id string) Undelivered {
			return Undelivered{Job: id, Address: []byte(`{}`), Files: []Attachment{{Name: "one.png", Bytes: make([]byte, 600)}}}
		}
		put := func(id string) {
			r.Helper()
			if err := r.PutUndelivered(r.ctx, newUndelivered(id)); err != nil {
				r.Fatal(err)
			}
		}
		took := func(want string) {
			r.Helper()
			r.clock.advance(2 * time.Minute)
			all, _ := r.TakeUndelivered(r.ctx, 5)
			got := ""
			for _, d := range all {
				got += d.Job + " "
			}
			if got != want {
				r.Errorf("took %q, want %q", got, want)
			}
		}
		key := r.opts.prefix() + "undelivered:"
		put("1-0")
		put("2-0")
		r.db.Del(r.ctx, key+"1-0")
		if has, err := r.IsUndelivered(r.ctx, "1-0"); err != nil || has {
			r.Errorf("a name without a delivery in the tray: %v, %v; want false", has, err)
		}
		took("2-0 ")
		put("3-0") // what is gone takes no room
		r.db.Del(r.ctx, key+"3-0")
		put("3-0")
		took("3-0 2-0 ")
		r.db.LSet(r.ctx, key+"2-0", 0, "no slip")
		took("3-0 ")
		if err := errors.Join(r.AckUndelivered(r.ctx, "2-0"), r.AckUndelivered(r.ctx, "3-0"), r.PutUndelivered(r.ctx, newUndelivered("4-0"))); err != nil {
			r.Error(err)
		}
		if size := r.db.HGet(r.ctx, r.opts.prefix()+"undelivered-sizes", "").Val(); size < "600" || size > "699" {
			r.Errorf("one delivery takes %s bytes, want some 600", size)
		}
	})
}
