package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicsCommand creates topics, some at a time, and waits after each time until all of them serve.
func topicsCommand(args []string) (map[string]any, error) {
	flags := flag.NewFlagSet("topics", flag.ExitOnError)
	broker := flags.String("broker", "", "address")
	prefix := flags.String("topic", "", "TOPIC-0 and so on")
	count := flags.Int("count", 1, "")
	atATime := flags.Int("at-a-time", 1, "")
	partitions := flags.Int("partitions", 1, "")
	single := flags.Bool("single", false, "one topic that is called TOPIC")
	var configs configFlags
	flags.Var(&configs, "config", "NAME=VALUE; may be repeated")
	_ = flags.Parse(args)

	c, err := dial(*broker)
	if err != nil {
		return nil, err
	}
	before := cpuSeconds()
	start := time.Now()
	for from := 0; from < *count; from += *atATime {
		var names []string
		for i := from; i < min(from+*atATime, *count); i++ {
			name := fmt.Sprintf("%s-%d", *prefix, i)
			if *single {
				name = *prefix
			}
			names = append(names, name)
		}
		if err := c.create(names, int32(*partitions), configs); err != nil {
			return nil, err
		}
		if err := c.untilServed(names, int32(*partitions)); err != nil {
			return nil, err
		}
	}
	return map[string]any{
		"seconds": time.Since(start).Seconds(), "busySeconds": cpuSeconds() - before, "requests": *count,
	}, nil
}

type configFlags [][2]string

func (c *configFlags) String() string { return fmt.Sprint(*c) }
func (c *configFlags) Set(text string) error {
	for i := range text {
		if text[i] == '=' {
			*c = append(*c, [2]string{text[:i], text[i+1:]})
			return nil
		}
	}
	return fmt.Errorf("not NAME=VALUE: %q", text)
}

func (c *conn) create(names []string, partitions int32, configs configFlags) error {
	request := kmsg.NewPtrCreateTopicsRequest()
	request.SetVersion(5)
	request.TimeoutMillis = 60_000
	for _, name := range names {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic = name
		t.NumPartitions = partitions
		t.ReplicationFactor = 1
		for _, config := range configs {
			one := kmsg.NewCreateTopicsRequestTopicConfig()
			one.Name, one.Value = config[0], &config[1]
			t.Configs = append(t.Configs, one)
		}
		request.Topics = append(request.Topics, t)
	}
	response := kmsg.NewPtrCreateTopicsResponse()
	if err := c.ask(request, response); err != nil {
		return err
	}
	for _, t := range response.Topics {
		if err := failure(t.ErrorCode); err != nil {
			return fmt.Errorf("%s: %w", t.Topic, err)
		}
	}
	return nil
}

// untilServed asks for the end of every partition until none refuses: that only its leader can say.
func (c *conn) untilServed(names []string, partitions int32) error {
	request := kmsg.NewPtrListOffsetsRequest()
	request.SetVersion(6)
	for _, name := range names {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = name
		for partition := range partitions {
			p := kmsg.NewListOffsetsRequestTopicPartition()
			p.Partition = partition
			p.Timestamp = -1
			t.Partitions = append(t.Partitions, p)
		}
		request.Topics = append(request.Topics, t)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		response := kmsg.NewPtrListOffsetsResponse()
		if err := c.ask(request, response); err != nil {
			return err
		}
		var refused error
		for _, t := range response.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					refused = fmt.Errorf("%s: %w", t.Topic, failure(p.ErrorCode))
				}
			}
		}
		if refused == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return refused
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// idleCommand opens connections, uses each once, says so, and holds them until its input ends.
func idleCommand(args []string) (map[string]any, error) {
	flags := flag.NewFlagSet("idle", flag.ExitOnError)
	broker := flags.String("broker", "", "address")
	count := flags.Int("connections", 1, "")
	_ = flags.Parse(args)

	connections := make([]*conn, *count)
	for i := range connections {
		c, err := dial(*broker)
		if err != nil {
			return nil, err
		}
		request := kmsg.NewPtrApiVersionsRequest()
		request.SetVersion(0)
		if err := c.ask(request, kmsg.NewPtrApiVersionsResponse()); err != nil {
			return nil, err
		}
		connections[i] = c
	}
	fmt.Println("{\"ready\":true}")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	for _, c := range connections {
		_ = c.socket.Close()
	}
	return map[string]any{"connections": *count}, nil
}
