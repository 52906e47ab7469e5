package main

import (
	"encoding/binary"
	"flag"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetchCommand reads a topic from its beginning to its end, and does nothing with it.
func fetchCommand(args []string) (map[string]any, error) {
	flags := flag.NewFlagSet("fetch", flag.ExitOnError)
	broker := flags.String("broker", "", "address")
	topic := flags.String("topic", "", "")
	partitions := flags.Int("partitions", 1, "")
	maxBytes := flags.Int("partition-bytes", 1<<20, "fetched at most per partition")
	_ = flags.Parse(args)

	c, err := dial(*broker)
	if err != nil {
		return nil, err
	}
	reader := newTopicReader(c, *topic, *partitions, *maxBytes)
	before := cpuSeconds()
	start := time.Now()
	requests, bytes, records := 0, 0, int64(0)
	for {
		_, err := reader.next(func(partition int32, batch []byte) {
			bytes += len(batch)
			records += int64(binary.BigEndian.Uint32(batch[57:]))
		})
		if err != nil {
			return nil, err
		}
		requests++
		if reader.isAtEnd {
			break
		}
	}
	return map[string]any{
		"seconds": time.Since(start).Seconds(), "busySeconds": cpuSeconds() - before,
		"requests": requests, "bytes": bytes, "records": records,
	}, nil
}

// topicReader fetches all partitions of a topic, each from where the last fetch ended.
type topicReader struct {
	*conn
	topic    string
	request  *kmsg.FetchRequest
	response *kmsg.FetchResponse
	isAtEnd  bool
}

func newTopicReader(c *conn, topic string, partitions, maxBytes int) *topicReader {
	request := kmsg.NewPtrFetchRequest()
	request.SetVersion(12)
	request.MaxWaitMillis = 500
	request.MinBytes = 1
	request.MaxBytes = 50 << 20
	request.SessionEpoch = -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic = topic
	for partition := range partitions {
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition = int32(partition)
		p.PartitionMaxBytes = int32(maxBytes)
		t.Partitions = append(t.Partitions, p)
	}
	request.Topics = append(request.Topics, t)
	return &topicReader{conn: c, topic: topic, request: request}
}

// next does one fetch and shows each whole batch of the answer. It returns the number of batches.
func (r *topicReader) next(show func(partition int32, batch []byte)) (int, error) {
	response := kmsg.NewPtrFetchResponse()
	if err := r.ask(r.request, response); err != nil {
		return 0, err
	}
	if err := failure(response.ErrorCode); err != nil {
		return 0, err
	}
	found := 0
	r.isAtEnd = true
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := failure(p.ErrorCode); err != nil {
				return 0, err
			}
			asked := &r.request.Topics[0].Partitions[p.Partition]
			for rest := p.RecordBatches; len(rest) > 12; found++ {
				size := 12 + int(binary.BigEndian.Uint32(rest[8:]))
				if size > len(rest) {
					break
				}
				batch := rest[:size]
				rest = rest[size:]
				base := int64(binary.BigEndian.Uint64(batch))
				asked.FetchOffset = base + int64(binary.BigEndian.Uint32(batch[23:])) + 1
				show(p.Partition, batch)
			}
			if asked.FetchOffset < p.HighWatermark {
				r.isAtEnd = false
			}
		}
	}
	return found, nil
}
