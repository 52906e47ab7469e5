package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// tailCommand lets one producer write at a steady rate while consumers read, and measures from the moment a
// batch is sent to its arrival at each consumer. Where the broker holds up the producer, it counts from when
// the batch was due.
func tailCommand(args []string) (map[string]any, error) {
	flags := flag.NewFlagSet("tail", flag.ExitOnError)
	broker := flags.String("broker", "", "address")
	topic := flags.String("topic", "", "")
	partitions := flags.Int("partitions", 1, "")
	consumers := flags.Int("consumers", 1, "each with a connection of its own, reading everything")
	rate := flags.Int("rate", 1000, "records per second")
	perBatch := flags.Int("records", 1, "records per batch and request")
	recordBytes := flags.Int("record-bytes", 1024, "")
	seconds := flags.Float64("seconds", 5, "")
	group := flags.String("group", "", "each consumer is a member of a group of its own, GROUP-0 and so on")
	skip := flags.Duration("skip", -1, "latencies of what was due in that time at first do not count; where it is "+
		"left out, each consumer's first fifth")
	_ = flags.Parse(args)

	readers := make([]*tailReader, *consumers)
	for i := range readers {
		c, err := dial(*broker)
		if err != nil {
			return nil, err
		}
		readers[i] = &tailReader{topicReader: newTopicReader(c, *topic, *partitions, 1<<20), skip: *skip}
	}
	if *group != "" {
		if err := joinAll(readers, *broker, *group, *topic, *partitions); err != nil {
			return nil, err
		}
	}
	p, err := newRawProducer(produceOptions{
		broker: *broker, topic: *topic, partitions: *partitions, inflight: 1 << 20, acks: -1,
	}, 0, nil)
	if err != nil {
		return nil, err
	}
	batches := int(*seconds * float64(*rate) / float64(*perBatch))
	before := cpuSeconds()
	epoch := time.Now()
	failures := make([]error, *consumers)
	var all sync.WaitGroup
	for i, reader := range readers {
		all.Add(1)
		go func() {
			defer all.Done()
			failures[i] = reader.runInGroup(epoch, batches)
		}()
	}
	pace := paced{every: time.Duration(float64(time.Second) * float64(*perBatch) / float64(*rate)), batches: batches}
	acknowledged, err := pace.run(p, *perBatch, *recordBytes, epoch)
	if err != nil {
		return nil, err
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	took := time.Since(epoch).Seconds()
	busy := cpuSeconds() - before
	var latencies []time.Duration
	for _, reader := range readers {
		counted := reader.latencies
		if *skip < 0 {
			counted = counted[len(counted)/5:] // without the warm-up
		}
		latencies = append(latencies, counted...)
	}
	result := map[string]any{
		"seconds": took, "busySeconds": busy, "requests": batches,
		"records": batches * *perBatch, "bytes": int64(batches) * int64(*perBatch) * int64(*recordBytes),
	}
	addLatencies(result, acknowledged)
	result["ackP50Ms"], result["ackP99Ms"] = result["p50Ms"], result["p99Ms"]
	addLatencies(result, latencies)
	return result, nil
}

// paced sends batches at a steady rate whatever the broker does.
type paced struct {
	every   time.Duration
	batches int
}

// run returns the times from when each batch was due to its acknowledgement.
func (pace paced) run(p *rawProducer, perBatch, recordBytes int, epoch time.Time) ([]time.Duration, error) {
	acknowledged := make([]time.Duration, 0, pace.batches)
	failed := make(chan error, 1)
	sentAt := make([]atomic.Int64, pace.batches)
	go func() {
		for i := range pace.batches {
			response, err := p.response()
			if err == nil {
				err = p.check(response, int32(i), p.templates[i%len(p.templates)])
			}
			if err != nil {
				failed <- err
				return
			}
			acknowledged = append(acknowledged, time.Since(epoch)-time.Duration(sentAt[i].Load()))
		}
		failed <- nil
	}()
	value := make([]byte, recordBytes)
	var records, batch, frame []byte
	isHeldUp := false
	for i := range pace.batches {
		due := time.Duration(i) * pace.every
		time.Sleep(due - time.Since(epoch))
		if !isHeldUp {
			due = time.Since(epoch) // our own timer was late, not the broker
		}
		sentAt[i].Store(int64(due))
		binary.BigEndian.PutUint64(value, uint64(due))
		records = records[:0]
		for delta := range perBatch {
			records = appendRecord(records, delta, -1, value)
		}
		batch = appendBatch(batch[:0], perBatch, records, 0, nobody, time.Now())
		frame = p.templates[i%len(p.templates)].request(frame[:0], int32(i), batch)
		before := time.Now()
		if _, err := p.socket.Write(frame); err != nil {
			return nil, err
		}
		isHeldUp = time.Since(before) > pace.every
	}
	return acknowledged, <-failed
}

type tailReader struct {
	*topicReader
	skip      time.Duration
	member    *membership // nil where it reads without a group
	latencies []time.Duration
}

// joinAll lets them join at the same time: each waits for seconds.
func joinAll(readers []*tailReader, broker, group, topic string, partitions int) error {
	failures := make([]error, len(readers))
	var all sync.WaitGroup
	for i, reader := range readers {
		all.Add(1)
		go func() {
			defer all.Done()
			reader.member, failures[i] = joinGroup(broker, fmt.Sprintf("%s-%d", group, i), topic, partitions)
		}()
	}
	all.Wait()
	return errors.Join(failures...)
}

// runInGroup is run, by a member of a group where there is one.
func (r *tailReader) runInGroup(epoch time.Time, batches int) error {
	if r.member == nil {
		return r.run(epoch, batches)
	}
	done, left := make(chan struct{}), make(chan error, 1)
	go func() { left <- r.member.keep(done) }()
	err := r.run(epoch, batches)
	close(done)
	return errors.Join(err, <-left)
}

// run reads until it has seen that many batches.
func (r *tailReader) run(epoch time.Time, batches int) error {
	for seen := 0; seen < batches; {
		found, err := r.next(func(partition int32, batch []byte) {
			due := time.Duration(firstValue(batch))
			if due >= r.skip {
				r.latencies = append(r.latencies, time.Since(epoch)-due)
			}
			if r.member != nil {
				r.member.note(partition, r.request.Topics[0].Partitions[partition].FetchOffset)
			}
		})
		if err != nil {
			return err
		}
		seen += found
	}
	return nil
}

// firstValue is the number at the beginning of the value of a batch's first record.
func firstValue(batch []byte) uint64 {
	at := batchHeaderBytes
	skip := func() {
		_, n := binary.Varint(batch[at:])
		at += n
	}
	skip() // length
	at++   // attributes
	for range 4 {
		skip() // two deltas, length of the key (none), length of the value
	}
	return binary.BigEndian.Uint64(batch[at:])
}
