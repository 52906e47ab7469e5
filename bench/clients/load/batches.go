package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const batchHeaderBytes = 61

// producer is who an idempotent batch comes from; -1 means nobody.
type producer struct {
	id    int64
	epoch int16
}

var nobody = producer{id: -1, epoch: -1}

// appendBatch writes a record batch of the newest format. `records` are encoded already.
func appendBatch(to []byte, count int, records []byte, codec int16, from producer, now time.Time) []byte {
	start := len(to)
	ms := now.UnixMilli()
	to = binary.BigEndian.AppendUint64(to, 0)
	to = binary.BigEndian.AppendUint32(to, uint32(batchHeaderBytes-12+len(records)))
	to = binary.BigEndian.AppendUint32(to, 0xffffffff)
	to = append(to, 2)
	to = append(to, 0, 0, 0, 0) // the checksum
	to = binary.BigEndian.AppendUint16(to, uint16(codec))
	to = binary.BigEndian.AppendUint32(to, uint32(count-1))
	to = binary.BigEndian.AppendUint64(to, uint64(ms))
	to = binary.BigEndian.AppendUint64(to, uint64(ms))
	to = binary.BigEndian.AppendUint64(to, uint64(from.id))
	to = binary.BigEndian.AppendUint16(to, uint16(from.epoch))
	to = binary.BigEndian.AppendUint32(to, 0xffffffff)
	if from.id >= 0 {
		binary.BigEndian.PutUint32(to[len(to)-4:], 0)
	}
	to = binary.BigEndian.AppendUint32(to, uint32(count))
	to = append(to, records...)
	seal(to[start:])
	return to
}

// setSequence gives a finished batch another base sequence.
func setSequence(batch []byte, sequence int32) {
	binary.BigEndian.PutUint32(batch[53:], uint32(sequence))
	seal(batch)
}

func seal(batch []byte) {
	binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], castagnoli))
}

// appendRecord writes a record with this value; its key is one byte, or null when it is negative.
func appendRecord(to []byte, offsetDelta, key int, value []byte) []byte {
	var body [24]byte
	n := 1 // attributes; then the deltas and the key
	n += binary.PutVarint(body[n:], 0)
	n += binary.PutVarint(body[n:], int64(offsetDelta))
	if key < 0 {
		n += binary.PutVarint(body[n:], -1)
	} else {
		n += binary.PutVarint(body[n:], 1)
		body[n] = byte(key)
		n++
	}
	n += binary.PutVarint(body[n:], int64(len(value)))
	to = binary.AppendVarint(to, int64(n+len(value)+1))
	to = append(to, body[:n]...)
	to = append(to, value...)
	return append(to, 0)
}

// text is made of words, so that codecs find about as much to do as in logs or JSON.
func text(random *rand.Rand, size int) []byte {
	value := make([]byte, 0, size+16)
	for len(value) < size {
		value = fmt.Appendf(value, "\"field%d\":%d,", random.Intn(40), random.Intn(1_000_000))
	}
	return value[:size]
}

var codecs = map[string]kgo.CompressionCodec{
	"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

// makeBatches builds different batches of `count` records each.
func makeBatches(different, count, recordBytes int, codec string, isKeyed bool) ([][]byte, error) {
	random := rand.New(rand.NewSource(1))
	var compressor kgo.Compressor
	if codec != "none" {
		var err error
		if compressor, err = kgo.DefaultCompressor(codecs[codec]); err != nil {
			return nil, err
		}
	}
	batches := make([][]byte, different)
	for i := range batches {
		var records []byte
		for delta := range count {
			key := -1
			if isKeyed {
				key = random.Intn(256)
			}
			records = appendRecord(records, delta, key, text(random, recordBytes))
		}
		var type_ int16
		if compressor != nil {
			packed, used := compressor.Compress(new(bytes.Buffer), records)
			records, type_ = bytes.Clone(packed), int16(used)
		}
		batches[i] = appendBatch(nil, count, records, type_, nobody, time.Now())
	}
	return batches, nil
}
