package agent

import (
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/inroot"
	"boxlite.io/native/internal/trust"
)

const (
	maxTrusted = 64 << 10
	maxCommon  = 1 << 20
)

// authorityOf is the authority that the container shall trust; nil: none.
func authorityOf(r *pb.CreateContainerRequest) *trust.Authority {
	if len(r.TrustedCertificates) == 0 {
		return nil
	}
	return &trust.Authority{PEM: r.TrustedCertificates, Common: r.CommonCertificates}
}

// installTrust makes programs of the container trust its authority, if it has one: nothing of the user
// runs yet, and its volumes are not there.
func installTrust(config *container.Config, r *pb.CreateContainerRequest) error {
	authority := authorityOf(r)
	if authority == nil {
		return nil
	}
	env, err := inRoot(config.Rootfs, func(root inroot.Root) ([]string, error) {
		return authority.Install(root, config.Init.Env)
	})
	if err != nil {
		return fault.New(codes.FailedPrecondition, "trust_failed", "certificates of the box: %v", err)
	}
	config.Init.AddEnv(env)
	return nil
}

// withoutTrust does something while the box's files know nothing of its authority. The container must stand
// still.
func (a *Agent) withoutTrust(rootfs string, do func() error) error {
	a.mu.Lock()
	authority, env := a.trusted, a.initEnv
	a.mu.Unlock()
	if _, err := inRoot(rootfs, func(root inroot.Root) ([]string, error) {
		return nil, trust.Remove(root, env)
	}); err != nil {
		return fault.New(codes.FailedPrecondition, "trust_failed", "certificates of the box: %v", err)
	}
	err := do()
	if authority == nil {
		return err
	}
	if _, again := inRoot(rootfs, func(root inroot.Root) ([]string, error) {
		return authority.Install(root, env)
	}); again != nil && err == nil {
		err = fault.New(codes.FailedPrecondition, "trust_failed", "certificates of the box: %v", again)
	}
	return err
}

func inRoot(rootfs string, do func(inroot.Root) ([]string, error)) ([]string, error) {
	root, err := inroot.At(rootfs)
	if err != nil {
		return nil, err
	}
	defer unix.Close(int(root))
	return do(root)
}
