package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"darkroom/queue"
)

// redisServer is a Redis server that can be killed, emptied and set back in time, and whose links can lose data.
type redisServer struct {
	t *testing.T

	mu       sync.Mutex
	server   *miniredis.Miniredis // nil while it is down
	open     map[*end]bool
	rng      *rand.Rand
	lossRate float64 // the probability that a call or its answer is lost, or half of it
	lost     int     // the number of losses
	starts   int     // the number of starts
}

func newRedis(t *testing.T, seed uint64) *redisServer {
	r := &redisServer{t: t, open: map[*end]bool{}, rng: rand.New(rand.NewPCG(seed, 2))}
	r.start(nil)
	return r
}

// start starts the server with data, which may be nil.
func (r *redisServer) start(data []keyValue) {
	s := miniredis.NewMiniRedis()
	c, err := s.Dial() // makes it serve
	if err != nil {
		r.t.Fatalf("start redis: %v", err)
	}
	_ = c.Close()
	r.starts++
	s.Server().SetPreHook(answerInfo(r.starts))
	for _, v := range data {
		if err := v.restore(s); err != nil {
			r.t.Fatalf("restore redis: %v", err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = s
}

// answerInfo answers INFO as a real server does, with a new run_id for each start.
func answerInfo(n int) server.Hook {
	return func(c *server.Peer, cmd string, _ ...string) bool {
		if cmd != "INFO" {
			return false
		}
		c.WriteBulk(fmt.Sprintf("# Server\r\nredis_version:7.4.0\r\nrun_id:%040x\r\n", n))
		return true
	}
}

// stop kills the server and returns its data.
func (r *redisServer) stop() []keyValue {
	r.mu.Lock()
	s := r.server
	r.server = nil
	open := r.open
	r.open = map[*end]bool{}
	r.mu.Unlock()
	for e := range open {
		e.cut()
	}
	if s == nil {
		return nil
	}
	data := r.dump(s)
	s.Close()
	return data
}

// copy returns the data of the server.
func (r *redisServer) copy() []keyValue {
	r.mu.Lock()
	s := r.server
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	return r.dump(s)
}

func (r *redisServer) dump(s *miniredis.Miniredis) []keyValue {
	all, err := dump(s)
	if err != nil {
		r.t.Errorf("copy redis: %v", err)
	}
	return all
}

func (r *redisServer) setLossRate(rate float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lossRate = rate
}

// accept serves a connection.
func (r *redisServer) accept(e *end) error {
	r.mu.Lock()
	s := r.server
	if s == nil {
		r.mu.Unlock()
		return connRefused("redis")
	}
	r.open[e] = true
	r.mu.Unlock()
	e.onClose = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, e)
	}
	e.tamper = r.tamperAnswer
	s.Server().ServeConn(e)
	return nil
}

// tamperAnswer may lose an answer of the server, or half of it. The server has executed the call.
func (r *redisServer) tamperAnswer(p []byte) ([]byte, bool) {
	if !r.drawLoss() {
		return p, false
	}
	return p[:r.noneOrHalf(len(p))], true
}

// tamperCall may lose a call, or half of it, before the server executes it.
func (r *redisServer) tamperCall(p []byte) ([]byte, bool) {
	if !r.drawLoss() {
		return p, false
	}
	return p[:r.noneOrHalf(len(p))], true
}

// drawLoss draws whether a call or an answer is lost.
func (r *redisServer) drawLoss() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lossRate == 0 || r.rng.Float64() >= r.lossRate {
		return false
	}
	r.lost++
	return true
}

// noneOrHalf draws 0 or half of n.
func (r *redisServer) noneOrHalf(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rng.IntN(2) * n / 2
}

// noNotifications switches off a command that miniredis does not know.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// openQueue opens the queue through a process's gate.
func (r *redisServer) openQueue(g *gate, o queue.Options) *queue.Queue {
	return queue.Open(func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{
			Addr: "redis", Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true,
			MaintNotificationsConfig: noNotifications(),
			Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := g.dial(ctx, network, address)
				if err != nil {
					return nil, err
				}
				c.(*end).tamper = r.tamperCall
				return c, nil
			},
		})
	}, o)
}

// keyValue is one key of a Redis server.
type keyValue struct {
	key, kind string
	text      string
	list      []string
	hash      []string // field, value, ...
	sorted    map[string]float64
	stream    []miniredis.StreamEntry
}

// dumpScript reads all keys in one step. A copy that is read key by key could hold a state that never existed, such as
// an index of undelivered results without their pictures.
var dumpScript = redis.NewScript(`
local reads = {
	string = {'GET'}, list = {'LRANGE', 0, -1}, set = {'SMEMBERS'}, hash = {'HGETALL'},
	zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, stream = {'XRANGE', '-', '+'},
}
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
	local kind = redis.call('TYPE', key).ok
	local read = reads[kind]
	all[#all + 1] = {key, kind, redis.call(read[1], key, unpack(read, 2))}
end
return all`)

// dump returns the data of a server at one moment.
func dump(s *miniredis.Miniredis) (all []keyValue, err error) {
	c := redis.NewClient(&redis.Options{
		Protocol: 2, DisableIdentity: true, MaintNotificationsConfig: noNotifications(),
		Dialer: func(context.Context, string, string) (net.Conn, error) { return s.Dial() },
	})
	defer c.Close()
	rows, err := dumpScript.Eval(context.Background(), c, nil).Slice()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		v, err := readValue(row.([]any))
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// readValue decodes a row of dumpScript: key, type and content.
func readValue(row []any) (v keyValue, err error) {
	v.key, v.kind = row[0].(string), row[1].(string)
	switch v.kind {
	case "string":
		v.text = row[2].(string)
	case "list", "set":
		v.list = stringList(row[2])
	case "hash":
		v.hash = stringList(row[2])
	case "zset":
		words := stringList(row[2])
		v.sorted = map[string]float64{}
		for i := 0; i < len(words) && err == nil; i += 2 {
			v.sorted[words[i]], err = strconv.ParseFloat(words[i+1], 64)
		}
	case "stream":
		for _, entry := range row[2].([]any) {
			pair := entry.([]any)
			v.stream = append(v.stream, miniredis.StreamEntry{ID: pair[0].(string), Values: stringList(pair[1])})
		}
	}
	return v, err
}

func stringList(list any) (all []string) {
	for _, x := range list.([]any) {
		all = append(all, x.(string))
	}
	return all
}

// restore writes the key to a server.
func (v keyValue) restore(s *miniredis.Miniredis) (err error) {
	switch v.kind {
	case "string":
		err = s.Set(v.key, v.text)
	case "list":
		_, err = s.Push(v.key, v.list...)
	case "set":
		_, err = s.SetAdd(v.key, v.list...)
	case "hash":
		s.HSet(v.key, v.hash...)
	}
	for member, score := range v.sorted {
		if _, err := s.ZAdd(v.key, score, member); err != nil {
			return err
		}
	}
	for _, e := range v.stream {
		if _, err := s.XAdd(v.key, e.ID, e.Values); err != nil {
			return err
		}
	}
	return err
}
