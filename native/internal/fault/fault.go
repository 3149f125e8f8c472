// Package fault holds the failures that the agent tells its supervisor: a gRPC code and a stable
// reason, on which callers act, beside a message for people.
package fault

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const domain = "boxlite.agent"

// Fault is an error that becomes a gRPC status with an ErrorInfo.
type Fault struct {
	Code    codes.Code
	Reason  string // lower_snake, see agent.proto
	Message string
}

// New makes a Fault.
func New(code codes.Code, reason, format string, args ...any) *Fault {
	return &Fault{code, reason, fmt.Sprintf(format, args...)}
}

// Invalid makes the Fault of a request that can never succeed.
func Invalid(format string, args ...any) *Fault {
	return New(codes.InvalidArgument, "invalid_argument", format, args...)
}

func (f *Fault) Error() string { return f.Message }

// GRPCStatus is what gRPC sends for f.
func (f *Fault) GRPCStatus() *status.Status {
	s := status.New(f.Code, f.Message)
	if detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: f.Reason, Domain: domain}); err == nil {
		return detailed
	}
	return s
}
