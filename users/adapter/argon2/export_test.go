package argon2

// Occupy takes one turn of the hasher until the returned function is called.
func Occupy(h *Hasher) (release func()) {
	h.queue <- struct{}{}
	h.work <- struct{}{}
	return func() { <-h.work; <-h.queue }
}
