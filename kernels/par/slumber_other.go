//go:build !linux || !(amd64 || arm64)

package par

// slumber is a worker's sleep on a channel.
type slumber struct{ alarm chan struct{} }

func (s *slumber) prepare() { s.alarm = make(chan struct{}, 1) }

func (*slumber) lieDown() {}
func (s *slumber) sleep() { <-s.alarm }
func (*slumber) getUp()   {}
func (s *slumber) wake()  { s.alarm <- struct{}{} }
