package agent

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/process"
)

const maxChunk = 64 << 10

type attachStream = grpc.BidiStreamingServer[pb.AttachRequest, pb.AttachResponse]

// Attach moves the streams of one process, which it starts first if it is told how. A process that
// was started goes on whatever becomes of the stream.
func (a *Agent) Attach(stream attachStream) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	open := first.GetOpen()
	if open == nil {
		return fault.Invalid("attach: the first message must be open")
	}
	var p *process.Process
	if open.Exec != nil {
		p, err = a.exec(open.ExecId, open.Exec)
	} else {
		p, err = a.find(open.ExecId)
	}
	if err != nil {
		return err
	}
	attachment := p.Attach()
	defer attachment.Close()
	if err := stream.Send(&pb.AttachResponse{Response: &pb.AttachResponse_Opened{Opened: &pb.AttachOpened{
		StdinOffset: attachment.StdinOffset, StdinWindow: process.Window,
		StdinClosed: attachment.StdinClosed, Tty: p.TTY(), Pid: uint32(p.PID()),
	}}}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	go func() { cancel(takeAll(stream, attachment)) }()
	err = sendAll(ctx, stream, attachment)
	if errors.Is(err, process.ErrReplaced) {
		return fault.New(codes.Aborted, "replaced", "a newer attach took this process over")
	}
	return err
}

// takeAll handles what the supervisor sends until it breaks a rule. The end of its side is no
// reason to end the other, so then there is nothing to return.
func takeAll(stream attachStream, attachment *process.Attachment) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			<-stream.Context().Done() // which is also the end of a handler that has returned
			return stream.Context().Err()
		}
		switch r := request.Request.(type) {
		case *pb.AttachRequest_Stdin:
			if n := len(r.Stdin.Data); n < 1 || n > maxChunk {
				return fault.Invalid("stdin: %d bytes; must be 1 to %d", n, maxChunk)
			}
			err = attachment.Stdin(r.Stdin.Data)
		case *pb.AttachRequest_StdinEof:
			err = attachment.StdinEOF()
		case *pb.AttachRequest_Ack:
			if s := r.Ack.Stream; s != pb.Stream_STREAM_STDOUT && s != pb.Stream_STREAM_STDERR {
				return fault.Invalid("ack: stream %d", s)
			}
			err = attachment.Ack(int(r.Ack.Stream-pb.Stream_STREAM_STDOUT), r.Ack.Offset)
		default:
			return fault.Invalid("attach: unexpected message")
		}
		switch {
		case errors.Is(err, process.ErrReplaced):
			return fault.New(codes.Aborted, "replaced", "a newer attach took this process over")
		case err != nil:
			return fault.Invalid("attach: %v", err)
		}
	}
}

// sendAll tells the supervisor everything until the exit, or fails with why ctx ended.
func sendAll(ctx context.Context, stream attachStream, attachment *process.Attachment) error {
	for {
		e, err := attachment.Next(ctx)
		if err != nil {
			return err
		}
		response := &pb.AttachResponse{}
		switch {
		case e.Data != nil:
			response.Response = &pb.AttachResponse_Output{Output: &pb.OutputChunk{
				Stream: pb.Stream_STREAM_STDOUT + pb.Stream(e.Stream), Offset: e.Offset, Data: e.Data,
			}}
		case e.Exit != nil:
			response.Response = &pb.AttachResponse_Exit{Exit: exitOf(e.Exit)}
		default:
			response.Response = &pb.AttachResponse_StdinAck{StdinAck: &pb.StdinAck{Offset: e.StdinAck}}
		}
		if err := stream.Send(response); err != nil || e.Exit != nil {
			return err
		}
	}
}
