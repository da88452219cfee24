package queue

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestUndelivered(t *testing.T) {
	onEachBackend(t, Options{MaxUndelivered: 2, UndeliveredBytes: 2000}, func(r *fixture) {
		newUndelivered := func(id string, size int) Undelivered {
			return Undelivered{Job: id, Address: []byte(`{"channel":"7"}`), Outcome: Outcome{Delivered: "tray"},
				Files: []Attachment{{Name: "one.png", Bytes: bytes.Repeat([]byte{0xff}, size)},
					{Name: "two.png", Bytes: []byte{0}}}}
		}
		if err := errors.Join(r.PutUndelivered(r.ctx, newUndelivered("1-0", 500)),
			r.PutUndelivered(r.ctx, newUndelivered("1-0", 500))); err != nil {
			r.Fatal(err)
		}
		if err := r.PutUndelivered(r.ctx, newUndelivered("2-0", 1500)); !errors.Is(err, ErrUndeliveredFull) {
			r.Errorf("too many bytes: %v, want ErrUndeliveredFull", err)
		}
		r.clock.advance(time.Second)
		if err := r.PutUndelivered(r.ctx, newUndelivered("2-0", 500)); err != nil {
			r.Fatal(err)
		}
		if err := r.PutUndelivered(r.ctx, newUndelivered("3-0", 1)); !errors.Is(err, ErrUndeliveredFull) {
			r.Errorf("too many results: %v, want ErrUndeliveredFull", err)
		}
		taken := func(n int, want ...string) (all []Undelivered) {
			r.Helper()
			all, err := r.TakeUndelivered(r.ctx, n)
			var got []string
			for _, d := range all {
				got = append(got, d.Job)
			}
			if err != nil || !slices.Equal(got, want) {
				r.Fatalf("took %v, %v; want %v", got, err, want)
			}
			return all
		}
		d := taken(1, "1-0")[0]
		if d.Outcome.Delivered != "tray" || string(d.Address) != `{"channel":"7"}` || d.Files[0].Name != "one.png" ||
			len(d.Files[0].Bytes) != 500 || d.Files[1].Bytes[0] != 0 {
			r.Errorf("result %+v", d)
		}
		taken(5, "2-0")
		taken(5)
		for id, want := range map[string]bool{"1-0": true, "3-0": false} {
			if has, err := r.IsUndelivered(r.ctx, id); err != nil || has != want {
				r.Errorf("%s is undelivered: %v, %v; want %v", id, has, err, want)
			}
		}
		if err := errors.Join(r.AckUndelivered(r.ctx, "1-0"), r.AckUndelivered(r.ctx, "1-0")); err != nil {
			r.Fatal(err)
		}
		if err := r.BeginEpoch(r.ctx, 2); err != nil { // an epoch does not touch it
			r.Fatal(err)
		}
		r.clock.advance(2 * time.Minute)
		taken(5, "2-0")
		if err := errors.Join(r.AckUndelivered(r.ctx, "2-0"), r.PutUndelivered(r.ctx,
			newUndelivered("4-0", 1900))); err != nil {
			r.Errorf("after all were acknowledged: %v", err)
		}
		r.wantEvents("undelivered 1-0", "undelivered 2-0", "undelivered 4-0")
	})
}

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
			r.Errorf("an id whose data is gone: %v, %v; want false", has, err)
		}
		took("2-0 ")
		put("3-0") // what is gone takes no space
		r.db.Del(r.ctx, key+"3-0")
		put("3-0")
		took("3-0 2-0 ")
		r.db.LSet(r.ctx, key+"2-0", 0, "no record")
		took("3-0 ")
		if err := errors.Join(r.AckUndelivered(r.ctx, "2-0"), r.AckUndelivered(r.ctx, "3-0"),
			r.PutUndelivered(r.ctx, newUndelivered("4-0"))); err != nil {
			r.Error(err)
		}
		if size := r.db.HGet(r.ctx, r.opts.prefix()+"undelivered-sizes", "").Val(); size < "600" || size > "699" {
			r.Errorf("one result takes %s bytes, want some 600", size)
		}
	})
}
