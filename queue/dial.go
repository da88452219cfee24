package queue

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// embeddedWaiting limits the waiting jobs of an embedded queue: it sorts its sets at each read and holds one lock.
const embeddedWaiting = 2000

// Dial returns the queue of a Redis (or Valkey) server by its address:
//
//	redis://user:password@host:6379/0    rediss:// with TLS    unix:///path/to.sock?db=0
//	redis://host1:26379,host2:26379/0?master=NAME    through Sentinel
//	redis://host1:6379,host2:6379?cluster=true       a cluster
//
// No connection is made yet; see Check.
func Dial(address string, o Options) (*Queue, error) {
	connect, err := dialer(address)
	if err != nil {
		return nil, fmt.Errorf("redis address: %w", err)
	}
	return Open(connect, o), nil
}

// dialer reads an address. Its errors must not show the address: it may hold a password.
func dialer(address string) (func() redis.UniversalClient, error) {
	if strings.HasPrefix(address, "unix:") {
		plain, err := redis.ParseURL(address)
		if err != nil {
			return nil, fmt.Errorf("not understood: want unix:///path/to.sock")
		}
		return singleClients(plain), nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, fmt.Errorf("not understood: want redis://host:port/db, rediss://… or unix:///path")
	}
	hosts := strings.Split(u.Host, ",")
	query := u.Query()
	master, cluster := query.Get("master"), query.Get("cluster") == "true"
	query.Del("master")
	query.Del("cluster")
	u.RawQuery, u.Host = query.Encode(), hosts[0]
	plain, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, fmt.Errorf("not understood: a database number and options of the client may follow the host")
	}
	if master == "" && !cluster {
		if len(hosts) > 1 {
			return nil, fmt.Errorf("%d hosts: say ?master=NAME (Sentinel) or ?cluster=true", len(hosts))
		}
		return singleClients(plain), nil
	}
	return clusterClients(plain, hosts, master), nil
}

func singleClients(plain *redis.Options) func() redis.UniversalClient {
	return func() redis.UniversalClient {
		o := *plain
		o.ContextTimeoutEnabled = true
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClient(&o)
	}
}

func clusterClients(plain *redis.Options, hosts []string, master string) func() redis.UniversalClient {
	return func() redis.UniversalClient {
		return redis.NewUniversalClient(&redis.UniversalOptions{
			Addrs: hosts, MasterName: master, IsClusterMode: master == "", DB: plain.DB,
			Username: plain.Username, Password: plain.Password, TLSConfig: plain.TLSConfig, ContextTimeoutEnabled: true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		})
	}
}

// Embedded returns a queue inside this process, over in-memory pipes and without a port. Everything in it is gone when
// it is closed: the bot fills the next one again, as after any loss. It takes 2,000 waiting jobs; beyond them Enqueue
// returns ErrFull.
func Embedded(o Options) *Queue {
	server := newEmbeddedServer()
	q := Open(embeddedClients(server), o)
	q.server = server
	if q.opts.MaxWaiting == 0 {
		q.opts.MaxWaiting = embeddedWaiting
	}
	q.maxPipeline, q.embedded = 16, true // see embeddedClients
	q.stopServer, q.fullHint = server.close, " in this process's own memory; a Redis server takes more"
	return q
}

// embeddedClients makes clients on in-memory pipes. A pipe has no buffer: send no pipeline that is longer than one read
// of the server (4 KiB), or client and server wait for each other. The queue mostly sends single commands.
func embeddedClients(server *embeddedServer) func() redis.UniversalClient {
	return func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{
			Dialer:                   func(context.Context, string, string) (net.Conn, error) { return server.redis.Dial() },
			Addr:                     "embedded",
			Password:                 server.password,
			Protocol:                 2,
			DisableIdentity:          true,
			ContextTimeoutEnabled:    true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		})
	}
}
