package torchfile

import (
	"errors"
	"fmt"
	"strings"
)

// call runs REDUCE and NEWOBJ: a name and a tuple of arguments become what the name builds. Only the names that tensors
// and their dicts are made of are known.
func (m *machine) call() error {
	on, err := m.pop()
	if err != nil {
		return err
	}
	what, err := m.pop()
	if err != nil {
		return err
	}
	name, isName := what.(global)
	args, isTuple := on.(*List)
	if !isName || !isTuple {
		return errors.New("the pickle calls what is no name")
	}
	made, err := m.made(name, args.Items)
	if err != nil {
		return err
	}
	m.push(made)
	return nil
}

func (m *machine) made(name global, args []any) (any, error) {
	switch name {
	case "collections.OrderedDict":
		return orderedDict(args)
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return m.newView(args)
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch.nn.parameter.Parameter":
		if len(args) > 0 {
			if t, ok := args[0].(*Tensor); ok {
				return t, nil
			}
		}
		return nil, errors.New("a parameter without a tensor")
	case "torch.Size":
		if len(args) == 1 {
			if list, ok := args[0].(*List); ok {
				return list, nil
			}
		}
		return &List{Items: args}, nil
	case "torch.device":
		return nil, nil
	case "__builtin__.set", "builtins.set": // among a ParameterDict's attributes
		return &List{Items: args}, nil
	case "torch.nn.modules.container.ParameterDict":
		return &object{name, &Dict{}}, nil
	}
	return nil, fmt.Errorf("the pickle wants to call %.80q, which no file of tensors needs", string(name))
}

// orderedDict takes nothing, or a list of pairs.
func orderedDict(args []any) (any, error) {
	out := &Dict{}
	if len(args) == 0 {
		return out, nil
	}
	list, ok := args[0].(*List)
	if !ok || len(args) > 1 {
		return nil, errors.New("an OrderedDict of something else than pairs")
	}
	for _, item := range list.Items {
		pair, ok := item.(*List)
		if !ok || len(pair.Items) != 2 {
			return nil, errors.New("an OrderedDict of something else than pairs")
		}
		out.set(pair.Items[0], pair.Items[1])
	}
	return out, nil
}

// build sets the attributes of an object. Those of dicts and tensors, such as an OrderedDict's _metadata, are dropped.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	on, err := m.top()
	if err != nil {
		return err
	}
	switch o := on.(type) {
	case *object:
		attributes, ok := state.(*Dict)
		if !ok {
			return errors.New("an object whose attributes are no dict")
		}
		for _, key := range attributes.Keys {
			o.dict.set(key, attributes.Get(key))
		}
	case *Dict, *Tensor:
	default:
		return errors.New("the pickle sets attributes of what has none")
	}
	return nil
}

// persistent runs BINPERSID: ("storage", class, key, device, number of values), or ("module", class, file, source).
func (m *machine) persistent() error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	list, ok := id.(*List)
	if ok && len(list.Items) == 4 && list.Items[0] == any("module") { // a class beside its source, before torch 1.6
		m.push(list.Items[1])
		return nil
	}
	if !ok || len(list.Items) < 5 || list.Items[0] != any("storage") {
		return errors.New("the pickle refers to something else than a storage")
	}
	class, isClass := list.Items[1].(global)
	key, isKey := list.Items[2].(string)
	count, isCount := list.Items[4].(int64)
	kind, known := storageKinds[strings.TrimPrefix(strings.TrimPrefix(string(class), "torch."), "cuda.")]
	switch {
	case !isClass || !known:
		return fmt.Errorf("a storage of the class %.60q", string(class))
	case !isKey || !isCount || count < 0 || count > maxValues || len(key) > 64 || strings.ContainsAny(key, "/\\"):
		return errors.New("a storage without a key or a number of values")
	}
	if len(list.Items) > 5 && list.Items[5] != nil {
		return errors.New("a storage that is a part of another")
	}
	s := m.storages[key]
	if s == nil {
		s = &storage{key: key, kind: kind, count: count}
		m.storages[key], m.order = s, append(m.order, s)
	}
	if s.kind != kind || s.count != count {
		return errors.New("a storage of two kinds")
	}
	m.push(s)
	return nil
}
