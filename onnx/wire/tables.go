package wire

// The messages of onnx-ml.proto and onnx-data.proto, fields by number.
// They are filled by init, since graphs contain themselves.
var (
	modelMessage         message[Model]
	operatorSetIDMessage message[OperatorSetID]
	entryMessage         message[StringStringEntry]
	graphMessage         message[Graph]
	nodeMessage          message[Node]
	attributeMessage     message[Attribute]
	valueInfoMessage     message[ValueInfo]
	functionMessage      message[Function]
	tensorMessage        message[Tensor]
	segmentMessage       message[Segment]
	sparseTensorMessage  message[SparseTensor]
	typeMessage          message[Type]
	tensorTypeMessage    message[TensorType]
	elemTypeMessage      message[ElemType]
	mapTypeMessage       message[MapType]
	opaqueTypeMessage    message[OpaqueType]
	tensorShapeMessage   message[TensorShape]
	dimMessage           message[Dim]
	sequenceMessage      message[Sequence]
	mapMessage           message[Map]
	optionalMessage      message[Optional]
)

func init() {
	defineModel()
	defineGraph()
	defineAttribute()
	defineFunction()
	defineTensor()
	defineType()
	defineShape()
	defineData()
}

func defineModel() {
	modelMessage.define(func(m *Model) *Extra { return &m.Extra },
		int64Field(1, "ir_version", func(m *Model) *int64 { return &m.IRVersion }),
		stringField(2, "producer_name", func(m *Model) *string { return &m.ProducerName }),
		stringField(3, "producer_version", func(m *Model) *string { return &m.ProducerVersion }),
		stringField(4, "domain", func(m *Model) *string { return &m.Domain }),
		int64Field(5, "model_version", func(m *Model) *int64 { return &m.ModelVersion }),
		stringField(6, "doc_string", func(m *Model) *string { return &m.DocString }),
		messageField(7, "graph", &graphMessage, func(m *Model) **Graph { return &m.Graph }),
		messagesField(8, "opset_import", &operatorSetIDMessage, func(m *Model) *[]*OperatorSetID { return &m.OpsetImport }),
		messagesField(14, "metadata_props", &entryMessage, func(m *Model) *[]*StringStringEntry { return &m.MetadataProps }),
		bytesListField(20, "training_info", func(m *Model) *[][]byte { return &m.TrainingInfo }),
		messagesField(25, "functions", &functionMessage, func(m *Model) *[]*Function { return &m.Functions }),
		bytesListField(26, "configuration", func(m *Model) *[][]byte { return &m.Configuration }),
	)
	operatorSetIDMessage.define(func(o *OperatorSetID) *Extra { return &o.Extra },
		stringField(1, "domain", func(o *OperatorSetID) *string { return &o.Domain }),
		int64Field(2, "version", func(o *OperatorSetID) *int64 { return &o.Version }),
	)
	entryMessage.define(func(s *StringStringEntry) *Extra { return &s.Extra },
		stringField(1, "key", func(s *StringStringEntry) *string { return &s.Key }),
		stringField(2, "value", func(s *StringStringEntry) *string { return &s.Value }),
	)
}

func defineGraph() {
	graphMessage.define(func(g *Graph) *Extra { return &g.Extra },
		messagesField(1, "node", &nodeMessage, func(g *Graph) *[]*Node { return &g.Node }),
		stringField(2, "name", func(g *Graph) *string { return &g.Name }),
		messagesField(5, "initializer", &tensorMessage, func(g *Graph) *[]*Tensor { return &g.Initializer }),
		stringField(10, "doc_string", func(g *Graph) *string { return &g.DocString }),
		messagesField(11, "input", &valueInfoMessage, func(g *Graph) *[]*ValueInfo { return &g.Input }),
		messagesField(12, "output", &valueInfoMessage, func(g *Graph) *[]*ValueInfo { return &g.Output }),
		messagesField(13, "value_info", &valueInfoMessage, func(g *Graph) *[]*ValueInfo { return &g.ValueInfo }),
		bytesListField(14, "quantization_annotation", func(g *Graph) *[][]byte { return &g.QuantizationAnnotation }),
		messagesField(15, "sparse_initializer", &sparseTensorMessage, func(g *Graph) *[]*SparseTensor { return &g.SparseInitializer }),
		messagesField(16, "metadata_props", &entryMessage, func(g *Graph) *[]*StringStringEntry { return &g.MetadataProps }),
	)
	nodeMessage.define(func(n *Node) *Extra { return &n.Extra },
		stringsField(1, "input", func(n *Node) *[]string { return &n.Input }),
		stringsField(2, "output", func(n *Node) *[]string { return &n.Output }),
		stringField(3, "name", func(n *Node) *string { return &n.Name }),
		stringField(4, "op_type", func(n *Node) *string { return &n.OpType }),
		messagesField(5, "attribute", &attributeMessage, func(n *Node) *[]*Attribute { return &n.Attribute }),
		stringField(6, "doc_string", func(n *Node) *string { return &n.DocString }),
		stringField(7, "domain", func(n *Node) *string { return &n.Domain }),
		stringField(8, "overload", func(n *Node) *string { return &n.Overload }),
		messagesField(9, "metadata_props", &entryMessage, func(n *Node) *[]*StringStringEntry { return &n.MetadataProps }),
		bytesListField(10, "device_configurations", func(n *Node) *[][]byte { return &n.DeviceConfigurations }),
	)
	valueInfoMessage.define(func(v *ValueInfo) *Extra { return &v.Extra },
		stringField(1, "name", func(v *ValueInfo) *string { return &v.Name }),
		messageField(2, "type", &typeMessage, func(v *ValueInfo) **Type { return &v.Type }),
		stringField(3, "doc_string", func(v *ValueInfo) *string { return &v.DocString }),
		messagesField(4, "metadata_props", &entryMessage, func(v *ValueInfo) *[]*StringStringEntry { return &v.MetadataProps }),
	)
}

func defineAttribute() {
	attributeMessage.define(func(a *Attribute) *Extra { return &a.Extra },
		stringField(1, "name", func(a *Attribute) *string { return &a.Name }),
		writtenIf(holds(AttributeFloat), floatField(2, "f", func(a *Attribute) *float32 { return &a.F })),
		writtenIf(holds(AttributeInt), int64Field(3, "i", func(a *Attribute) *int64 { return &a.I })),
		writtenIf(holds(AttributeString), bytesField(4, "s", func(a *Attribute) *[]byte { return &a.S })),
		messageField(5, "t", &tensorMessage, func(a *Attribute) **Tensor { return &a.T }),
		messageField(6, "g", &graphMessage, func(a *Attribute) **Graph { return &a.G }),
		floatsField(7, "floats", func(a *Attribute) *[]float32 { return &a.Floats }),
		int64sField(8, "ints", func(a *Attribute) *[]int64 { return &a.Ints }),
		bytesListField(9, "strings", func(a *Attribute) *[][]byte { return &a.Strings }),
		messagesField(10, "tensors", &tensorMessage, func(a *Attribute) *[]*Tensor { return &a.Tensors }),
		messagesField(11, "graphs", &graphMessage, func(a *Attribute) *[]*Graph { return &a.Graphs }),
		stringField(13, "doc_string", func(a *Attribute) *string { return &a.DocString }),
		messageField(14, "tp", &typeMessage, func(a *Attribute) **Type { return &a.TP }),
		messagesField(15, "type_protos", &typeMessage, func(a *Attribute) *[]*Type { return &a.TypeProtos }),
		int32Field(20, "type", func(a *Attribute) *AttributeType { return &a.Type }),
		stringField(21, "ref_attr_name", func(a *Attribute) *string { return &a.RefAttrName }),
		messageField(22, "sparse_tensor", &sparseTensorMessage, func(a *Attribute) **SparseTensor { return &a.SparseTensor }),
		messagesField(23, "sparse_tensors", &sparseTensorMessage, func(a *Attribute) *[]*SparseTensor { return &a.SparseTensors }),
	)
}

// holds says that the attribute's value is of type t: some readers look for the
// presence of its field even where it is zero.
func holds(t AttributeType) func(*Attribute) bool {
	return func(a *Attribute) bool { return a.Type == t && a.RefAttrName == "" }
}

func defineFunction() {
	functionMessage.define(func(f *Function) *Extra { return &f.Extra },
		stringField(1, "name", func(f *Function) *string { return &f.Name }),
		stringsField(4, "input", func(f *Function) *[]string { return &f.Input }),
		stringsField(5, "output", func(f *Function) *[]string { return &f.Output }),
		stringsField(6, "attribute", func(f *Function) *[]string { return &f.Attribute }),
		messagesField(7, "node", &nodeMessage, func(f *Function) *[]*Node { return &f.Node }),
		stringField(8, "doc_string", func(f *Function) *string { return &f.DocString }),
		messagesField(9, "opset_import", &operatorSetIDMessage, func(f *Function) *[]*OperatorSetID { return &f.OpsetImport }),
		stringField(10, "domain", func(f *Function) *string { return &f.Domain }),
		messagesField(11, "attribute_proto", &attributeMessage, func(f *Function) *[]*Attribute { return &f.AttributeProto }),
		messagesField(12, "value_info", &valueInfoMessage, func(f *Function) *[]*ValueInfo { return &f.ValueInfo }),
		stringField(13, "overload", func(f *Function) *string { return &f.Overload }),
		messagesField(14, "metadata_props", &entryMessage, func(f *Function) *[]*StringStringEntry { return &f.MetadataProps }),
	)
}

func defineTensor() {
	tensorMessage.define(func(t *Tensor) *Extra { return &t.Extra },
		int64sField(1, "dims", func(t *Tensor) *[]int64 { return &t.Dims }),
		int32Field(2, "data_type", func(t *Tensor) *DataType { return &t.DataType }),
		messageField(3, "segment", &segmentMessage, func(t *Tensor) **Segment { return &t.Segment }),
		fixedField(4, "float_data", func(t *Tensor) *Fixed[float32] { return &t.FloatData }),
		varintsField(5, "int32_data", func(t *Tensor) *Varints[int32] { return &t.Int32Data }),
		bytesListField(6, "string_data", func(t *Tensor) *[][]byte { return &t.StringData }),
		varintsField(7, "int64_data", func(t *Tensor) *Varints[int64] { return &t.Int64Data }),
		stringField(8, "name", func(t *Tensor) *string { return &t.Name }),
		bytesField(9, "raw_data", func(t *Tensor) *[]byte { return &t.RawData }),
		fixedField(10, "double_data", func(t *Tensor) *Fixed[float64] { return &t.DoubleData }),
		varintsField(11, "uint64_data", func(t *Tensor) *Varints[uint64] { return &t.Uint64Data }),
		stringField(12, "doc_string", func(t *Tensor) *string { return &t.DocString }),
		messagesField(13, "external_data", &entryMessage, func(t *Tensor) *[]*StringStringEntry { return &t.ExternalData }),
		int32Field(14, "data_location", func(t *Tensor) *DataLocation { return &t.DataLocation }),
		messagesField(16, "metadata_props", &entryMessage, func(t *Tensor) *[]*StringStringEntry { return &t.MetadataProps }),
	)
	segmentMessage.define(func(s *Segment) *Extra { return &s.Extra },
		int64Field(1, "begin", func(s *Segment) *int64 { return &s.Begin }),
		int64Field(2, "end", func(s *Segment) *int64 { return &s.End }),
	)
	sparseTensorMessage.define(func(s *SparseTensor) *Extra { return &s.Extra },
		messageField(1, "values", &tensorMessage, func(s *SparseTensor) **Tensor { return &s.Values }),
		messageField(2, "indices", &tensorMessage, func(s *SparseTensor) **Tensor { return &s.Indices }),
		int64sField(3, "dims", func(s *SparseTensor) *[]int64 { return &s.Dims }),
	)
}

func defineType() {
	typeMessage.define(func(t *Type) *Extra { return &t.Extra },
		typeMember(1, "tensor_type", &tensorTypeMessage, func(t *Type) **TensorType { return &t.Tensor }),
		typeMember(4, "sequence_type", &elemTypeMessage, func(t *Type) **ElemType { return &t.Sequence }),
		typeMember(5, "map_type", &mapTypeMessage, func(t *Type) **MapType { return &t.Map }),
		stringField(6, "denotation", func(t *Type) *string { return &t.Denotation }),
		typeMember(7, "opaque_type", &opaqueTypeMessage, func(t *Type) **OpaqueType { return &t.Opaque }),
		typeMember(8, "sparse_tensor_type", &tensorTypeMessage, func(t *Type) **TensorType { return &t.SparseTensor }),
		typeMember(9, "optional_type", &elemTypeMessage, func(t *Type) **ElemType { return &t.Optional }),
	)
	tensorTypeMessage.define(func(t *TensorType) *Extra { return &t.Extra },
		int32Field(1, "elem_type", func(t *TensorType) *DataType { return &t.ElemType }),
		messageField(2, "shape", &tensorShapeMessage, func(t *TensorType) **TensorShape { return &t.Shape }),
	)
	elemTypeMessage.define(func(t *ElemType) *Extra { return &t.Extra },
		messageField(1, "elem_type", &typeMessage, func(t *ElemType) **Type { return &t.Elem }),
	)
	mapTypeMessage.define(func(t *MapType) *Extra { return &t.Extra },
		int32Field(1, "key_type", func(t *MapType) *DataType { return &t.Key }),
		messageField(2, "value_type", &typeMessage, func(t *MapType) **Type { return &t.Value }),
	)
	opaqueTypeMessage.define(func(t *OpaqueType) *Extra { return &t.Extra },
		stringField(1, "domain", func(t *OpaqueType) *string { return &t.Domain }),
		stringField(2, "name", func(t *OpaqueType) *string { return &t.Name }),
	)
}

func defineShape() {
	tensorShapeMessage.define(func(s *TensorShape) *Extra { return &s.Extra },
		messagesField(1, "dim", &dimMessage, func(s *TensorShape) *[]*Dim { return &s.Dim }),
	)
	dimMessage.define(func(d *Dim) *Extra { return &d.Extra },
		dimMember(DimValue, int64Field(1, "dim_value", func(d *Dim) *int64 { return &d.Value })),
		dimMember(DimParam, stringField(2, "dim_param", func(d *Dim) *string { return &d.Param })),
		stringField(3, "denotation", func(d *Dim) *string { return &d.Denotation }),
	)
}

func defineData() {
	sequenceMessage.define(func(s *Sequence) *Extra { return &s.Extra },
		stringField(1, "name", func(s *Sequence) *string { return &s.Name }),
		int32Field(2, "elem_type", func(s *Sequence) *ValueKind { return &s.ElemType }),
		messagesField(3, "tensor_values", &tensorMessage, func(s *Sequence) *[]*Tensor { return &s.Tensor }),
		messagesField(4, "sparse_tensor_values", &sparseTensorMessage, func(s *Sequence) *[]*SparseTensor { return &s.SparseTensor }),
		messagesField(5, "sequence_values", &sequenceMessage, func(s *Sequence) *[]*Sequence { return &s.Sequence }),
		messagesField(6, "map_values", &mapMessage, func(s *Sequence) *[]*Map { return &s.Map }),
		messagesField(7, "optional_values", &optionalMessage, func(s *Sequence) *[]*Optional { return &s.Optional }),
	)
	mapMessage.define(func(m *Map) *Extra { return &m.Extra },
		stringField(1, "name", func(m *Map) *string { return &m.Name }),
		int32Field(2, "key_type", func(m *Map) *DataType { return &m.KeyType }),
		int64sField(3, "keys", func(m *Map) *[]int64 { return &m.Keys }),
		bytesListField(4, "string_keys", func(m *Map) *[][]byte { return &m.StringKeys }),
		messageField(5, "values", &sequenceMessage, func(m *Map) **Sequence { return &m.Values }),
	)
	optionalMessage.define(func(o *Optional) *Extra { return &o.Extra },
		stringField(1, "name", func(o *Optional) *string { return &o.Name }),
		int32Field(2, "elem_type", func(o *Optional) *ValueKind { return &o.ElemType }),
		messageField(3, "tensor_value", &tensorMessage, func(o *Optional) **Tensor { return &o.Tensor }),
		messageField(4, "sparse_tensor_value", &sparseTensorMessage, func(o *Optional) **SparseTensor { return &o.SparseTensor }),
		messageField(5, "sequence_value", &sequenceMessage, func(o *Optional) **Sequence { return &o.Sequence }),
		messageField(6, "map_value", &mapMessage, func(o *Optional) **Map { return &o.Map }),
		messageField(7, "optional_value", &optionalMessage, func(o *Optional) **Optional { return &o.Optional }),
	)
}
