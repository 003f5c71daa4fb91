package arch

// House starts the import path of every module in the workspace.
const House = "gamestore.example/"

// Services are what "{svc}" stands for in the law. Each is a module.
func Services() []string { return []string{"users", "games", "payments"} }

// Layer is one line of the import law: who, and what they may import. Paths are
// relative to House. "{svc}" is one of Services, the same one in the whole line;
// "{name}" is any one element, the same one in the whole line; "/..." is the
// package itself and everything below it.
type Layer struct {
	// Name is how a violation calls it.
	Name string
	// Who are the packages of the layer. A package belongs to the first layer that
	// has it; one that belongs to none is a violation by itself.
	Who string
	// May are the packages of the house that it may import.
	May []string
	// Outside says whether it may import what is neither ours nor of the standard
	// library.
	Outside bool
	// Never are packages of the standard library that it must not import.
	Never []string
}

// Law is the import law of the house. What a test file imports is bound by
// TestLaw alone.
func Law() []Layer {
	return []Layer{
		{Name: "service root", Who: "{svc}", May: []string{"pkg/errs", "pkg/money"},
			Never: []string{"database/sql/...", "net/http/..."}},
		{Name: "endpoints", Who: "{svc}/endpoints/...", May: []string{"{svc}", "pkg/..."}, Outside: true},
		// What all transports of a service share, and the only sibling that they may import.
		{Name: "mapping of DTOs", Who: "{svc}/transport/dto", May: []string{"{svc}", "pkg/contract/...", "pkg/errs", "pkg/money"}},
		{Name: "transport", Who: "{svc}/transport/{name}/...", Outside: true,
			May: []string{"{svc}", "{svc}/endpoints/...", "{svc}/transport/{name}/...", "{svc}/transport/dto", "pkg/..."}},
		{Name: "adapter", Who: "{svc}/adapter/{name}/...", Outside: true,
			May: []string{"{svc}", "{svc}/adapter/{name}/...", "pkg/..."}},
		{Name: "suite", Who: "{svc}/{svc}test/...", May: []string{"{svc}", "pkg/..."}, Outside: true},
		{Name: "app", Who: "{svc}/app/...", May: []string{"{svc}/...", "pkg/..."}, Outside: true},
		{Name: "command", Who: "{svc}/cmd/{name}/...", May: []string{"{svc}/app/...", "pkg/..."}, Outside: true},

		{Name: "gateway command", Who: "gateway/cmd/{name}/...", May: []string{"gateway/app/...", "pkg/..."}, Outside: true},
		{Name: "gateway", Who: "gateway/...", May: []string{"gateway/...", "pkg/..."}, Outside: true},

		{Name: "basic type", Who: "pkg/errs", Never: []string{"database/sql/..."}},
		{Name: "basic type", Who: "pkg/money", May: []string{"pkg/errs"}},
		{Name: "contract suite", Who: "pkg/contract/contracttest/...", May: []string{"pkg/..."}, Outside: true},
		{Name: "contract", Who: "pkg/contract/...", May: []string{"pkg/contract/..."}},
		{Name: "shared package", Who: "pkg/...", May: []string{"pkg/..."}, Outside: true},

		{Name: "deployment", Who: "deploy/...", May: []string{"deploy/...", "users/...", "games/...", "payments/...", "gateway/...", "pkg/..."}, Outside: true},
		{Name: "tests of the whole", Who: "test/...", May: []string{"..."}, Outside: true},
	}
}

// TestLaw says what the test files of a module may import, besides everything
// outside of the house.
func TestLaw() []Layer {
	return []Layer{
		{Name: "service's tests", Who: "{svc}/...", May: []string{"{svc}/...", "pkg/..."}, Outside: true},
		{Name: "gateway's tests", Who: "gateway/...", May: []string{"gateway/...", "pkg/..."}, Outside: true},
		{Name: "shared packages' tests", Who: "pkg/...", May: []string{"pkg/..."}, Outside: true},
		{Name: "deployment's tests", Who: "deploy/...", May: []string{"..."}, Outside: true},
		{Name: "tests of the whole", Who: "test/...", May: []string{"..."}, Outside: true},
	}
}

// MainLines is the most lines a main.go has.
const MainLines = 80

// Exceptions are files with package-level state that somebody has justified.
func Exceptions() map[string]string {
	return map[string]string{
		"pkg/fault/fault_on.go": "only in builds with the tag \"faults\", which never ship; the points know nothing of tests",
	}
}
