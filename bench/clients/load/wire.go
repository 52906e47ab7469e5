package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var formatter = kmsg.NewRequestFormatter(kmsg.FormatterClientID("load"))

// conn is one connection; requests are written and responses read by whoever holds it.
type conn struct {
	socket      net.Conn
	reader      *bufio.Reader
	frame       []byte
	correlation int32
}

func dial(address string) (*conn, error) {
	socket, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{socket: socket, reader: bufio.NewReaderSize(socket, 64<<10)}, nil
}

// response reads the next response frame; it is valid until the next call.
func (c *conn) response() ([]byte, error) {
	var prefix [4]byte
	if _, err := io.ReadFull(c.reader, prefix[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(prefix[:]))
	if cap(c.frame) < size {
		c.frame = make([]byte, size+size/4)
	}
	c.frame = c.frame[:size]
	_, err := io.ReadFull(c.reader, c.frame)
	return c.frame, err
}

// ask sends one request and reads its response into `response`.
func (c *conn) ask(request kmsg.Request, response kmsg.Response) error {
	c.correlation++
	if _, err := c.socket.Write(formatter.AppendRequest(nil, request, c.correlation)); err != nil {
		return err
	}
	frame, err := c.response()
	if err != nil {
		return err
	}
	return decode(frame, request, response)
}

// decode reads a response frame behind its header.
func decode(frame []byte, request kmsg.Request, response kmsg.Response) error {
	body := frame[4:]
	if request.IsFlexible() && request.Key() != 18 {
		body = body[1:]
	}
	response.SetVersion(request.GetVersion())
	return response.ReadFrom(body)
}

func failure(code int16) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("the broker says: %w", kerr.ErrorForCode(code))
}
