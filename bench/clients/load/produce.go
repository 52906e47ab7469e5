package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

type produceOptions struct {
	broker, topic, codec                            string
	topics, partitions, connections, inflight       int
	recordBytes, records, requests, acks, different int
	idempotent, keyed                               bool
	interval                                        time.Duration
}

func (o produceOptions) names() []string {
	if o.topics == 0 {
		return []string{o.topic}
	}
	var names []string
	for i := range o.topics {
		names = append(names, fmt.Sprintf("%s-%d", o.topic, i))
	}
	return names
}

// waitForLeaders waits as a broker that has just been started may ask for.
func waitForLeaders(o produceOptions) error {
	c, err := dial(o.broker)
	if err != nil {
		return err
	}
	defer c.socket.Close()
	return c.untilServed(o.names(), int32(o.partitions))
}

// produceCommand sends batches that were made beforehand, one per request.
func produceCommand(args []string) (map[string]any, error) {
	var o produceOptions
	flags := flag.NewFlagSet("produce", flag.ExitOnError)
	flags.StringVar(&o.broker, "broker", "", "address")
	flags.StringVar(&o.topic, "topic", "", "topic; its prefix where there are several")
	flags.IntVar(&o.topics, "topics", 0, "spread over that many topics, TOPIC-0 and so on")
	flags.IntVar(&o.partitions, "partitions", 1, "of each topic")
	flags.IntVar(&o.connections, "connections", 1, "")
	flags.IntVar(&o.inflight, "inflight", 1, "requests under way per connection")
	flags.IntVar(&o.recordBytes, "record-bytes", 1024, "")
	flags.IntVar(&o.records, "records", 1, "per batch")
	flags.IntVar(&o.requests, "requests", 1000, "in all")
	flags.IntVar(&o.acks, "acks", -1, "")
	flags.IntVar(&o.different, "different", 32, "batches that are made")
	flags.StringVar(&o.codec, "codec", "none", "none, gzip, snappy, lz4, zstd")
	flags.BoolVar(&o.idempotent, "idempotent", false, "with a producer id for each connection")
	flags.BoolVar(&o.keyed, "keyed", false, "records with one of 256 keys")
	flags.DurationVar(&o.interval, "interval", 0, "between two requests of a connection; otherwise as fast as can be")
	_ = flags.Parse(args)

	batches, err := makeBatches(o.different, o.records, o.recordBytes, o.codec, o.keyed)
	if err != nil {
		return nil, err
	}
	if err := waitForLeaders(o); err != nil {
		return nil, err
	}
	producers := make([]*rawProducer, o.connections)
	for i := range producers {
		if producers[i], err = newRawProducer(o, i, batches); err != nil {
			return nil, err
		}
	}
	before := cpuSeconds()
	start := time.Now()
	var all sync.WaitGroup
	failures := make([]error, len(producers))
	for i, one := range producers {
		all.Add(1)
		go func() {
			defer all.Done()
			failures[i] = one.run(o.requests / o.connections)
		}()
	}
	all.Wait()
	seconds := time.Since(start).Seconds()
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	var latencies []time.Duration
	var bytes int64
	for _, one := range producers {
		latencies = append(latencies, one.latencies...)
		bytes += one.bytes
	}
	requests := o.requests / o.connections * o.connections
	result := map[string]any{
		"seconds": seconds, "busySeconds": cpuSeconds() - before, "requests": requests,
		"records": requests * o.records, "bytes": bytes,
		"recordBytes": int64(requests) * int64(o.records) * int64(o.recordBytes),
	}
	addLatencies(result, latencies)
	return result, nil
}

// template is a request whose batch (and correlation id) change.
type template struct {
	head, tail []byte // before and behind the batch
	answerAt   int    // of the error code in the response frame
}

type rawProducer struct {
	*conn
	batches   [][]byte
	templates []template
	sequences []int32
	inflight  int
	records   int
	interval  time.Duration
	first     int
	from      producer
	bytes     int64
	latencies []time.Duration
}

func newRawProducer(o produceOptions, number int, batches [][]byte) (*rawProducer, error) {
	c, err := dial(o.broker)
	if err != nil {
		return nil, err
	}
	p := &rawProducer{conn: c, inflight: o.inflight, records: o.records, first: number, from: nobody,
		interval: o.interval}
	if o.idempotent {
		request := kmsg.NewPtrInitProducerIDRequest()
		request.SetVersion(4)
		response := kmsg.NewPtrInitProducerIDResponse()
		for {
			if err := p.ask(request, response); err != nil {
				return nil, err
			}
			err := failure(response.ErrorCode)
			if err == nil {
				break
			}
			if !kerr.IsRetriable(errors.Unwrap(err)) {
				return nil, err
			}
			time.Sleep(10 * time.Millisecond)
		}
		p.from = producer{response.ProducerID, response.ProducerEpoch}
		for _, batch := range batches {
			own := append([]byte(nil), batch...)
			binary.BigEndian.PutUint64(own[43:], uint64(p.from.id))
			binary.BigEndian.PutUint16(own[51:], uint16(p.from.epoch))
			p.batches = append(p.batches, own)
		}
	} else {
		p.batches = batches
	}
	topics := o.names()
	for partition := range o.partitions {
		for _, topic := range topics {
			p.templates = append(p.templates, newTemplate(topic, int32(partition), o.acks))
		}
	}
	p.sequences = make([]int32, len(p.templates))
	return p, nil
}

// newTemplate encodes everything but the batch: version 9, one topic, one partition.
func newTemplate(topic string, partition int32, acks int) template {
	request := kmsg.NewPtrProduceRequest()
	request.SetVersion(9)
	request.Acks = int16(acks)
	request.TimeoutMillis = 30_000
	t := kmsg.NewProduceRequestTopic()
	t.Topic = topic
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition = partition
	p.Records = []byte{}
	t.Partitions = append(t.Partitions, p)
	request.Topics = append(request.Topics, t)
	frame := formatter.AppendRequest(nil, request, 0)
	// What follows the (empty) batch: tags of partition, topic and request; before it one byte of length.
	cut := len(frame) - 4
	return template{
		head: frame[:cut], tail: frame[cut+1:],
		answerAt: 4 + 1 + 1 + 1 + len(topic) + 1 + 4,
	}
}

// request puts a batch into a template. `head` of the frame is written to `to`; batch and tail follow it.
func (t template) request(to []byte, correlation int32, batch []byte) []byte {
	to = append(to, t.head...)
	to = binary.AppendUvarint(to, uint64(len(batch)+1))
	binary.BigEndian.PutUint32(to, uint32(len(to)-4+len(batch)+len(t.tail)))
	binary.BigEndian.PutUint32(to[8:], uint32(correlation))
	to = append(to, batch...)
	return append(to, t.tail...)
}

func (p *rawProducer) run(requests int) error {
	p.latencies = make([]time.Duration, 0, requests)
	sentAt := make([]time.Time, p.inflight)
	asked := make([]int, p.inflight)
	var frame []byte
	start := time.Now()
	sent, done := 0, 0
	for done < requests {
		for sent < requests && sent-done < p.inflight {
			if p.interval > 0 {
				time.Sleep(time.Until(start.Add(time.Duration(sent) * p.interval)))
			}
			which := (p.first + sent) % len(p.templates)
			batch := p.batches[(p.first+sent)%len(p.batches)]
			if p.from.id >= 0 {
				setSequence(batch, p.sequences[which])
				p.sequences[which] += int32(p.records)
			}
			frame = p.templates[which].request(frame[:0], int32(sent), batch)
			asked[sent%p.inflight] = which
			sentAt[sent%p.inflight] = time.Now()
			if _, err := p.socket.Write(frame); err != nil {
				return err
			}
			p.bytes += int64(len(batch))
			sent++
		}
		response, err := p.response()
		if err != nil {
			return err
		}
		slot := done % p.inflight
		p.latencies = append(p.latencies, time.Since(sentAt[slot]))
		if err := p.check(response, int32(done), p.templates[asked[slot]]); err != nil {
			return err
		}
		done++
	}
	return nil
}

func (p *rawProducer) check(response []byte, correlation int32, asked template) error {
	if got := int32(binary.BigEndian.Uint32(response)); got != correlation {
		return fmt.Errorf("response %d where %d was due", got, correlation)
	}
	return failure(int16(binary.BigEndian.Uint16(response[asked.answerAt:])))
}
