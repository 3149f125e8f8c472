package agent

import (
	"errors"
	"math"
	"strings"
	"testing"

	pb "boxlite.io/native/internal/agentpb"
)

func request(layers ...*pb.Layer) *pb.CreateContainerRequest {
	return &pb.CreateContainerRequest{
		ContainerId: strings.Repeat("ab", 32), MachineId: strings.Repeat("0f", 16), Hostname: "box",
		Layers: layers, Init: &pb.ProcessSpec{Argv: [][]byte{[]byte("true")}},
	}
}

func check(r *pb.CreateContainerRequest) error {
	_, err := (&Agent{lastCap: 40}).checkCreate(r)
	_, layersErr := extentsOf(r.Layers)
	return errors.Join(err, layersErr)
}

func TestCreateAcceptsLayersInWholeSectors(t *testing.T) {
	if err := check(request(&pb.Layer{Offset: 0, Length: 512}, &pb.Layer{Offset: 4096, Length: 1 << 40})); err != nil {
		t.Error(err)
	}
}

func TestCreateRefusesImpossibleRequests(t *testing.T) {
	good := &pb.Layer{Length: 4096}
	hostname, machineID := request(good), request(good)
	hostname.Hostname, machineID.MachineId = "a b", "0F"
	for name, r := range map[string]*pb.CreateContainerRequest{
		"no layer":        request(),
		"too many layers": request(make([]*pb.Layer, maxLayers+1)...),
		"odd offset":      request(good, &pb.Layer{Offset: 100, Length: 512}),
		"odd length":      request(&pb.Layer{Length: 513}),
		"empty":           request(&pb.Layer{Offset: 512}),
		"overflow":        request(&pb.Layer{Offset: math.MaxUint64 - 511, Length: 1024}),
		"beyond int64":    request(&pb.Layer{Offset: 1 << 63, Length: 512}),
		"host name":       hostname,
		"machine id":      machineID,
	} {
		if check(r) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
