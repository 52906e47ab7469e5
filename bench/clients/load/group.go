package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// groupCommand lets members join a group one by one, each when the one before has its share; then one leaves, and
// one falls silent as if it had been killed. It measures until every member left has its share again.
func groupCommand(args []string) (map[string]any, error) {
	flags := flag.NewFlagSet("group", flag.ExitOnError)
	broker := flags.String("broker", "", "address")
	topic := flags.String("topic", "", "")
	partitions := flags.Int("partitions", 100, "of the topic")
	members := flags.Int("members", 10, "")
	name := flags.String("group", "group", "")
	_ = flags.Parse(args)

	before := cpuSeconds()
	g := &group{partitions: *partitions, shares: map[*member]int{}, changed: make(chan struct{}, 1)}
	start := time.Now()
	joined := make([]*member, *members)
	for i := range joined {
		one, err := g.join(*broker, *topic, *name)
		if err != nil {
			return nil, err
		}
		joined[i] = one
		if err := g.untilStable(i + 1); err != nil {
			return nil, err
		}
	}
	joinTime := time.Since(start)
	result := map[string]any{"joinSeconds": joinTime.Seconds(), "requests": *members}
	for i, way := range []string{"leaveSeconds", "killSeconds"} {
		start = time.Now()
		g.forget(joined[i])
		if way == "leaveSeconds" {
			joined[i].client.CloseAllowingRebalance()
		} else {
			joined[i].kill()
		}
		if err := g.untilStable(*members - 1 - i); err != nil {
			return nil, err
		}
		result[way] = time.Since(start).Seconds()
	}
	result["seconds"] = joinTime.Seconds()
	result["busySeconds"] = cpuSeconds() - before
	for _, one := range joined[2:] {
		one.kill()
	}
	return result, nil
}

// member is a client whose connections can be cut.
type member struct {
	sync.Mutex
	client  *kgo.Client
	sockets []net.Conn
	isDead  bool
}

func (m *member) dial(ctx context.Context, network, address string) (net.Conn, error) {
	m.Lock()
	defer m.Unlock()
	if m.isDead {
		return nil, errors.New("dead")
	}
	socket, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		m.sockets = append(m.sockets, socket)
	}
	return socket, err
}

func (m *member) kill() {
	m.Lock()
	defer m.Unlock()
	m.isDead = true
	for _, socket := range m.sockets {
		_ = socket.Close()
	}
}

// group knows how many partitions each member has.
type group struct {
	sync.Mutex
	partitions int
	shares     map[*member]int
	changed    chan struct{}
}

func (g *group) join(broker, topic, name string) (*member, error) {
	one := &member{}
	g.Lock()
	g.shares[one] = 0
	g.Unlock()
	note := func(sign int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, given map[string][]int32) {
			g.Lock()
			if _, isIn := g.shares[one]; isIn {
				g.shares[one] += sign * len(given[topic])
			}
			g.Unlock()
			select {
			case g.changed <- struct{}{}:
			default:
			}
		}
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(broker), kgo.ConsumerGroup(name), kgo.ConsumeTopics(topic),
		kgo.Balancers(kgo.RangeBalancer()), kgo.HeartbeatInterval(20*time.Millisecond),
		kgo.SessionTimeout(6*time.Second), kgo.OnPartitionsAssigned(note(1)),
		kgo.OnPartitionsRevoked(note(-1)), kgo.OnPartitionsLost(note(-1)), kgo.Dialer(one.dial),
	)
	if err != nil {
		return nil, err
	}
	one.client = client
	go func() {
		for {
			fetches := client.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
		}
	}()
	return one, nil
}

func (g *group) forget(one *member) {
	g.Lock()
	delete(g.shares, one)
	g.Unlock()
}

// untilStable waits until that many members hold all partitions among them, each its even share.
func (g *group) untilStable(members int) error {
	timeout := time.After(2 * time.Minute)
	for !g.isStable(members) {
		select {
		case <-g.changed:
		case <-timeout:
			return fmt.Errorf("%d members and no stable group", members)
		}
	}
	return nil
}

func (g *group) isStable(members int) bool {
	g.Lock()
	defer g.Unlock()
	total := 0
	for _, share := range g.shares {
		if share < g.partitions/members || share > g.partitions/members+1 {
			return false
		}
		total += share
	}
	return len(g.shares) == members && total == g.partitions
}
