package wire

// Extra is embedded in every message: what the wire said beyond the fields.
// The zero value is right for a message built by a program.
type Extra struct {
	// Explicit has bit n set if field n was written although it holds its
	// default (zero, empty); such a field is written again.
	Explicit uint64
	// Unknown is the wire form of the fields this package doesn't know, in
	// the order of the file; it is written after the known ones.
	Unknown []byte
}

// Model is ModelProto, the content of a .onnx file.
type Model struct {
	IRVersion       int64
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	DocString       string
	Graph           *Graph
	OpsetImport     []*OperatorSetID
	MetadataProps   []*StringStringEntry
	TrainingInfo    [][]byte // TrainingInfoProto, kept as on the wire
	Functions       []*Function
	Configuration   [][]byte // DeviceConfigurationProto, kept as on the wire
	Extra
}

// OperatorSetID is OperatorSetIdProto: the version of a domain in use.
// The empty domain is ai.onnx.
type OperatorSetID struct {
	Domain  string
	Version int64
	Extra
}

// StringStringEntry is StringStringEntryProto, one entry of a map.
type StringStringEntry struct {
	Key, Value string
	Extra
}

// Graph is GraphProto: a model's main graph or a body of a control-flow node.
type Graph struct {
	Node                   []*Node
	Name                   string
	Initializer            []*Tensor
	DocString              string
	Input                  []*ValueInfo
	Output                 []*ValueInfo
	ValueInfo              []*ValueInfo
	QuantizationAnnotation [][]byte // TensorAnnotation, kept as on the wire
	SparseInitializer      []*SparseTensor
	MetadataProps          []*StringStringEntry
	Extra
}

// Node is NodeProto: the application of an operator. An empty name in Input or
// Output stands for an optional value that is left out.
type Node struct {
	Input                []string
	Output               []string
	Name                 string
	OpType               string
	Attribute            []*Attribute
	DocString            string
	Domain               string
	Overload             string
	MetadataProps        []*StringStringEntry
	DeviceConfigurations [][]byte // NodeDeviceConfigurationProto, kept as on the wire
	Extra
}

// Attribute is AttributeProto. Type names the one field that holds the value;
// with RefAttrName set there is none, the value is that of the attribute of
// this name of the enclosing Function's call.
type Attribute struct {
	Name          string
	F             float32
	I             int64
	S             []byte // aliases the input
	T             *Tensor
	G             *Graph
	Floats        []float32
	Ints          []int64
	Strings       [][]byte // alias the input
	Tensors       []*Tensor
	Graphs        []*Graph
	DocString     string
	TP            *Type
	TypeProtos    []*Type
	Type          AttributeType
	RefAttrName   string
	SparseTensor  *SparseTensor
	SparseTensors []*SparseTensor
	Extra
}

// ValueInfo is ValueInfoProto: the name and type of a value.
type ValueInfo struct {
	Name          string
	Type          *Type
	DocString     string
	MetadataProps []*StringStringEntry
	Extra
}

// Function is FunctionProto, a model-local function. Attribute lists the
// attributes without default, AttributeProto those with one.
type Function struct {
	Name           string
	Input          []string
	Output         []string
	Attribute      []string
	Node           []*Node
	DocString      string
	OpsetImport    []*OperatorSetID
	Domain         string
	AttributeProto []*Attribute
	ValueInfo      []*ValueInfo
	Overload       string
	MetadataProps  []*StringStringEntry
	Extra
}

// Tensor is TensorProto. The elements are in one of: RawData (little-endian,
// fixed width), the typed field that ONNX assigns to DataType, or, with
// DataLocation external, the file that ExternalData names (see
// [Tensor.External]). RawData is nil if absent; an empty tensor may have it
// non-nil and empty. The byte-typed fields alias the input.
type Tensor struct {
	Dims          []int64
	DataType      DataType
	Segment       *Segment
	FloatData     Fixed[float32]
	Int32Data     Varints[int32]
	StringData    [][]byte
	Int64Data     Varints[int64]
	Name          string
	RawData       []byte
	DoubleData    Fixed[float64]
	Uint64Data    Varints[uint64]
	DocString     string
	ExternalData  []*StringStringEntry
	DataLocation  DataLocation
	MetadataProps []*StringStringEntry
	Extra
}

// Segment is TensorProto.Segment: the part of a larger tensor that this one is.
type Segment struct {
	Begin, End int64
	Extra
}

// SparseTensor is SparseTensorProto. Values has shape [NNZ]; Indices has shape
// [NNZ] (linear) or [NNZ, rank].
type SparseTensor struct {
	Values  *Tensor
	Indices *Tensor
	Dims    []int64
	Extra
}

// Type is TypeProto: at most one of the pointers is set.
type Type struct {
	Tensor       *TensorType
	Sequence     *ElemType
	Map          *MapType
	Denotation   string
	Opaque       *OpaqueType
	SparseTensor *TensorType
	Optional     *ElemType
	Extra
}

// TensorType is TypeProto.Tensor and TypeProto.SparseTensor. A nil Shape means
// that not even the rank is known; a Shape without dims is a scalar's.
type TensorType struct {
	ElemType DataType
	Shape    *TensorShape
	Extra
}

// ElemType is TypeProto.Sequence and TypeProto.Optional.
type ElemType struct {
	Elem *Type
	Extra
}

// MapType is TypeProto.Map.
type MapType struct {
	Key   DataType
	Value *Type
	Extra
}

// OpaqueType is TypeProto.Opaque.
type OpaqueType struct {
	Domain, Name string
	Extra
}

// TensorShape is TensorShapeProto.
type TensorShape struct {
	Dim []*Dim
	Extra
}

// DimKind says what is known of a Dim.
type DimKind uint8

// The kinds of dimension.
const (
	DimAbsent DimKind = iota // nothing is known
	DimValue                 // Dim.Value holds
	DimParam                 // Dim.Param names it
)

// Dim is TensorShapeProto.Dimension: a number, a name, or neither.
type Dim struct {
	Kind       DimKind
	Value      int64  // if Kind is DimValue
	Param      string // if Kind is DimParam
	Denotation string
	Extra
}

// Sequence is SequenceProto, found in test data. ElemType says which of the
// lists holds the elements.
type Sequence struct {
	Name         string
	ElemType     ValueKind
	Tensor       []*Tensor
	SparseTensor []*SparseTensor
	Sequence     []*Sequence
	Map          []*Map
	Optional     []*Optional
	Extra
}

// Map is MapProto: Keys (integer key types) or StringKeys, with as many Values.
type Map struct {
	Name       string
	KeyType    DataType
	Keys       []int64
	StringKeys [][]byte // alias the input
	Values     *Sequence
	Extra
}

// Optional is OptionalProto. ElemType says which pointer holds the element; an
// Optional without element has them all nil.
type Optional struct {
	Name         string
	ElemType     ValueKind
	Tensor       *Tensor
	SparseTensor *SparseTensor
	Sequence     *Sequence
	Map          *Map
	Optional     *Optional
	Extra
}
