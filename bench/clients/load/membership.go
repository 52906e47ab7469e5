package main

import (
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	heartbeatInterval = 3 * time.Second
	commitInterval    = 5 * time.Second
)

// membership is that of the only member of a group, which owns all partitions of a topic. It has a connection
// of its own, as with clients whose coordinator is apart from their leaders.
type membership struct {
	*conn
	group, topic string
	memberID     string
	generation   int32

	sync.Mutex // for what follows
	offsets    []int64
}

// joinGroup makes the group. It takes as long as the broker waits for more members, three seconds as a rule.
func joinGroup(broker, group, topic string, partitions int) (*membership, error) {
	c, err := dial(broker)
	if err != nil {
		return nil, err
	}
	m := &membership{conn: c, group: group, topic: topic, offsets: make([]int64, partitions)}
	if err := patiently(m.findCoordinator); err != nil {
		return nil, err
	}
	if err := patiently(m.join); err != nil {
		return nil, err
	}
	return m, m.sync()
}

// patiently tries again while a coordinator is on its way: the first of all makes the topic of the offsets.
func patiently(try func() error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := try()
		if err == nil || !kerr.IsRetriable(errors.Unwrap(err)) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (m *membership) findCoordinator() error {
	request := kmsg.NewPtrFindCoordinatorRequest()
	request.SetVersion(2)
	request.CoordinatorKey = m.group
	response := kmsg.NewPtrFindCoordinatorResponse()
	if err := m.ask(request, response); err != nil {
		return err
	}
	return failure(response.ErrorCode)
}

func (m *membership) join() error {
	request := kmsg.NewPtrJoinGroupRequest()
	request.SetVersion(5)
	request.Group = m.group
	request.SessionTimeoutMillis = 45_000
	request.RebalanceTimeoutMillis = 60_000
	request.ProtocolType = "consumer"
	request.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: m.subscription()}}
	response := kmsg.NewPtrJoinGroupResponse()
	if err := m.ask(request, response); err != nil {
		return err
	}
	if response.ErrorCode == kerr.MemberIDRequired.Code {
		request.MemberID = response.MemberID
		response = kmsg.NewPtrJoinGroupResponse()
		if err := m.ask(request, response); err != nil {
			return err
		}
	}
	m.memberID, m.generation = response.MemberID, response.Generation
	return failure(response.ErrorCode)
}

func (m *membership) subscription() []byte {
	subscription := kmsg.NewConsumerMemberMetadata()
	subscription.Topics = []string{m.topic}
	return subscription.AppendTo(nil)
}

// sync gives all partitions to the member, which leads its group.
func (m *membership) sync() error {
	owned := kmsg.NewConsumerMemberAssignmentTopic()
	owned.Topic = m.topic
	for partition := range m.offsets {
		owned.Partitions = append(owned.Partitions, int32(partition))
	}
	assignment := kmsg.NewConsumerMemberAssignment()
	assignment.Topics = append(assignment.Topics, owned)
	request := kmsg.NewPtrSyncGroupRequest()
	request.SetVersion(3)
	request.Group, request.MemberID, request.Generation = m.group, m.memberID, m.generation
	request.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{
		{MemberID: m.memberID, MemberAssignment: assignment.AppendTo(nil)},
	}
	response := kmsg.NewPtrSyncGroupResponse()
	if err := m.ask(request, response); err != nil {
		return err
	}
	return failure(response.ErrorCode)
}

// note says from where on a partition is still to be read.
func (m *membership) note(partition int32, offset int64) {
	m.Lock()
	m.offsets[partition] = offset
	m.Unlock()
}

// keep holds the membership until `done` is closed, and then commits for the last time and leaves.
func (m *membership) keep(done <-chan struct{}) error {
	beats := time.NewTicker(heartbeatInterval)
	defer beats.Stop()
	commits := time.NewTicker(commitInterval)
	defer commits.Stop()
	for {
		var err error
		select {
		case <-beats.C:
			err = m.heartbeat()
		case <-commits.C:
			err = m.commit()
		case <-done:
			return errors.Join(m.commit(), m.leave())
		}
		if err != nil {
			return err
		}
	}
}

func (m *membership) heartbeat() error {
	request := kmsg.NewPtrHeartbeatRequest()
	request.SetVersion(3)
	request.Group, request.MemberID, request.Generation = m.group, m.memberID, m.generation
	response := kmsg.NewPtrHeartbeatResponse()
	if err := m.ask(request, response); err != nil {
		return err
	}
	return failure(response.ErrorCode)
}

func (m *membership) commit() error {
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = m.topic
	m.Lock()
	for partition, offset := range m.offsets {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset = int32(partition), offset
		t.Partitions = append(t.Partitions, p)
	}
	m.Unlock()
	request := kmsg.NewPtrOffsetCommitRequest()
	request.SetVersion(7)
	request.Group, request.MemberID, request.Generation = m.group, m.memberID, m.generation
	request.Topics = append(request.Topics, t)
	response := kmsg.NewPtrOffsetCommitResponse()
	if err := m.ask(request, response); err != nil {
		return err
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := failure(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *membership) leave() error {
	request := kmsg.NewPtrLeaveGroupRequest()
	request.SetVersion(1)
	request.Group, request.MemberID = m.group, m.memberID
	response := kmsg.NewPtrLeaveGroupResponse()
	if err := m.ask(request, response); err != nil {
		return err
	}
	return failure(response.ErrorCode)
}
