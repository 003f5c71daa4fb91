package flow

// Metric returns the sum of all series of a gauge or counter that have the labels,
// which come in pairs of name and value; 0 if there is none.
func (w *World) Metric(name string, labels ...string) float64 {
	families, err := w.registry.Gather()
	if err != nil {
		return 0
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			if matches(has, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func matches(has map[string]string, pairs []string) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if has[pairs[i]] != pairs[i+1] {
			return false
		}
	}
	return true
}
