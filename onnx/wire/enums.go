package wire

import "strconv"

// DataType is an element type, TensorProto.DataType.
type DataType int32

// The element types of ONNX 1.22.
const (
	Undefined      DataType = 0
	Float          DataType = 1
	Uint8          DataType = 2
	Int8           DataType = 3
	Uint16         DataType = 4
	Int16          DataType = 5
	Int32          DataType = 6
	Int64          DataType = 7
	String         DataType = 8
	Bool           DataType = 9
	Float16        DataType = 10
	Double         DataType = 11
	Uint32         DataType = 12
	Uint64         DataType = 13
	Complex64      DataType = 14
	Complex128     DataType = 15
	BFloat16       DataType = 16
	Float8E4M3FN   DataType = 17
	Float8E4M3FNUZ DataType = 18
	Float8E5M2     DataType = 19
	Float8E5M2FNUZ DataType = 20
	Uint4          DataType = 21
	Int4           DataType = 22
	Float4E2M1     DataType = 23
	Float8E8M0     DataType = 24
	Uint2          DataType = 25
	Int2           DataType = 26
)

var dataTypeNames = []string{
	"UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL",
	"FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16",
	"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
	"UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2",
}

// String gives ONNX's name of the type, or its number if ONNX has none.
func (t DataType) String() string { return enumName(dataTypeNames, int32(t)) }

// AttributeType says which field of an Attribute holds its value,
// AttributeProto.AttributeType.
type AttributeType int32

// The attribute types.
const (
	AttributeUndefined     AttributeType = 0
	AttributeFloat         AttributeType = 1
	AttributeInt           AttributeType = 2
	AttributeString        AttributeType = 3
	AttributeTensor        AttributeType = 4
	AttributeGraph         AttributeType = 5
	AttributeFloats        AttributeType = 6
	AttributeInts          AttributeType = 7
	AttributeStrings       AttributeType = 8
	AttributeTensors       AttributeType = 9
	AttributeGraphs        AttributeType = 10
	AttributeSparseTensor  AttributeType = 11
	AttributeSparseTensors AttributeType = 12
	AttributeTypeProto     AttributeType = 13
	AttributeTypeProtos    AttributeType = 14
)

var attributeTypeNames = []string{
	"UNDEFINED", "FLOAT", "INT", "STRING", "TENSOR", "GRAPH", "FLOATS", "INTS", "STRINGS",
	"TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS",
}

// String gives ONNX's name of the type, or its number if ONNX has none.
func (t AttributeType) String() string { return enumName(attributeTypeNames, int32(t)) }

// DataLocation says where a Tensor's elements are, TensorProto.DataLocation.
type DataLocation int32

// The locations.
const (
	LocationDefault  DataLocation = 0 // in the message
	LocationExternal DataLocation = 1 // in a file named by Tensor.ExternalData
)

var dataLocationNames = []string{"DEFAULT", "EXTERNAL"}

// String gives ONNX's name of the location, or its number if ONNX has none.
func (l DataLocation) String() string { return enumName(dataLocationNames, int32(l)) }

// ValueKind is the kind of element in a Sequence or an Optional
// (SequenceProto.DataType and OptionalProto.DataType, which are equal).
type ValueKind int32

// The kinds of element.
const (
	ValueUndefined    ValueKind = 0
	ValueTensor       ValueKind = 1
	ValueSparseTensor ValueKind = 2
	ValueSequence     ValueKind = 3
	ValueMap          ValueKind = 4
	ValueOptional     ValueKind = 5
)

var valueKindNames = []string{"UNDEFINED", "TENSOR", "SPARSE_TENSOR", "SEQUENCE", "MAP", "OPTIONAL"}

// String gives ONNX's name of the kind, or its number if ONNX has none.
func (k ValueKind) String() string { return enumName(valueKindNames, int32(k)) }

func enumName(names []string, i int32) string {
	if i >= 0 && int(i) < len(names) {
		return names[i]
	}
	return strconv.Itoa(int(i))
}
