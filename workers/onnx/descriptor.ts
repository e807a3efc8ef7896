/**
 * The part of the ONNX file format that the importer reads or writes, as a protobuf descriptor.
 * Field numbers are those of onnx.proto (IR version 13). Fields that are not listed here survive decoding and
 * encoding untouched: protobuf-es keeps unknown fields. The syntax is proto2, so that a field that was
 * written as zero is written as zero again.
 */
import { create, createFileRegistry } from '@bufbuild/protobuf';
import type { Message } from '@bufbuild/protobuf';
import { messageDesc } from '@bufbuild/protobuf/codegenv2';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/** TensorProto.DataType */
export const DATA_TYPE = { float: 1, uint8: 2, int64: 7, float16: 10 } as const;
/** Bits of one element, by DataType; strings have no fixed size. */
export const DATA_TYPE_BITS: Readonly<Record<number, number>> = {
  1: 32, // float
  2: 8, // uint8
  3: 8, // int8
  4: 16, // uint16
  5: 16, // int16
  6: 32, // int32
  7: 64, // int64
  9: 8, // bool
  10: 16, // float16
  11: 64, // double
  12: 32, // uint32
  13: 64, // uint64
  14: 64, // complex64
  15: 128, // complex128
  16: 16, // bfloat16
  17: 8, // float8 and its variants
  18: 8,
  19: 8,
  20: 8,
  21: 4, // uint4
  22: 4, // int4
  23: 4, // float4
};
/** AttributeProto.AttributeType */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, ints: 7 } as const;
/** TensorProto.DataLocation */
export const EXTERNAL_LOCATION = 1;

export type TensorProto = Message<'onnx.TensorProto'> & {
  dims: bigint[];
  dataType: number;
  floatData: number[];
  int64Data: bigint[];
  name: string;
  rawData: Uint8Array;
  externalData: StringStringEntryProto[];
  dataLocation: number;
};
export type StringStringEntryProto = Message<'onnx.StringStringEntryProto'> & { key: string; value: string };
export type SparseTensorProto = Message<'onnx.SparseTensorProto'> & {
  values?: TensorProto | undefined;
  indices?: TensorProto | undefined;
};
export type AttributeProto = Message<'onnx.AttributeProto'> & {
  name: string;
  f: number;
  i: bigint;
  t?: TensorProto | undefined;
  g?: GraphProto | undefined;
  ints: bigint[];
  tensors: TensorProto[];
  graphs: GraphProto[];
  type: number;
  sparseTensor?: SparseTensorProto | undefined;
  sparseTensors: SparseTensorProto[];
};
export type NodeProto = Message<'onnx.NodeProto'> & {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  attribute: AttributeProto[];
  domain: string;
};
export type DimensionProto = Message<'onnx.TensorShapeProto.Dimension'> & {
  value:
    | { case: 'dimValue'; value: bigint }
    | { case: 'dimParam'; value: string }
    | { case: undefined; value?: undefined };
};
export type TensorShapeProto = Message<'onnx.TensorShapeProto'> & { dim: DimensionProto[] };
export type TensorTypeProto = Message<'onnx.TypeProto.Tensor'> & {
  elemType: number;
  shape?: TensorShapeProto | undefined;
};
export type TypeProto = Message<'onnx.TypeProto'> & { tensorType?: TensorTypeProto | undefined };
export type ValueInfoProto = Message<'onnx.ValueInfoProto'> & { name: string; type?: TypeProto | undefined };
export type GraphProto = Message<'onnx.GraphProto'> & {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
  sparseInitializer: SparseTensorProto[];
};
export type OperatorSetIdProto = Message<'onnx.OperatorSetIdProto'> & { domain: string; version: bigint };
export type FunctionProto = Message<'onnx.FunctionProto'> & {
  name: string;
  node: NodeProto[];
  domain: string;
  attributeProto: AttributeProto[];
};
export type TrainingInfoProto = Message<'onnx.TrainingInfoProto'>;
export type ModelProto = Message<'onnx.ModelProto'> & {
  irVersion: bigint;
  producerName: string;
  graph?: GraphProto | undefined;
  opsetImport: OperatorSetIdProto[];
  trainingInfo: TrainingInfoProto[];
  functions: FunctionProto[];
};

type FieldKind = 'string' | 'bytes' | 'int32' | 'int64' | 'float' | `.onnx.${string}`;

const SCALARS = {
  string: Type.STRING,
  bytes: Type.BYTES,
  int32: Type.INT32,
  int64: Type.INT64,
  float: Type.FLOAT,
} as const;

function field(name: string, number: number, kind: FieldKind, label: Label) {
  if (kind.startsWith('.')) return { name, number, label, type: Type.MESSAGE, typeName: kind };
  return { name, number, label, type: SCALARS[kind as keyof typeof SCALARS] };
}
const one = (name: string, number: number, kind: FieldKind) => field(name, number, kind, Label.OPTIONAL);
const many = (name: string, number: number, kind: FieldKind) => field(name, number, kind, Label.REPEATED);
/** onnx.proto marks the number lists of tensors as packed; readers take both forms. */
const packed = (name: string, number: number, kind: FieldKind) => ({
  ...many(name, number, kind),
  options: { packed: true },
});

const fileProto = create(FileDescriptorProtoSchema, {
  name: 'facepool/onnx.proto',
  package: 'onnx',
  syntax: 'proto2',
  messageType: [
    {
      name: 'TensorProto',
      field: [
        many('dims', 1, 'int64'),
        one('data_type', 2, 'int32'),
        packed('float_data', 4, 'float'),
        packed('int64_data', 7, 'int64'),
        one('name', 8, 'string'),
        one('raw_data', 9, 'bytes'),
        many('external_data', 13, '.onnx.StringStringEntryProto'),
        one('data_location', 14, 'int32'),
      ],
    },
    { name: 'StringStringEntryProto', field: [one('key', 1, 'string'), one('value', 2, 'string')] },
    {
      name: 'SparseTensorProto',
      field: [one('values', 1, '.onnx.TensorProto'), one('indices', 2, '.onnx.TensorProto')],
    },
    {
      name: 'AttributeProto',
      field: [
        one('name', 1, 'string'),
        one('f', 2, 'float'),
        one('i', 3, 'int64'),
        one('t', 5, '.onnx.TensorProto'),
        one('g', 6, '.onnx.GraphProto'),
        many('ints', 8, 'int64'),
        many('tensors', 10, '.onnx.TensorProto'),
        many('graphs', 11, '.onnx.GraphProto'),
        one('type', 20, 'int32'),
        one('sparse_tensor', 22, '.onnx.SparseTensorProto'),
        many('sparse_tensors', 23, '.onnx.SparseTensorProto'),
      ],
    },
    {
      name: 'NodeProto',
      field: [
        many('input', 1, 'string'),
        many('output', 2, 'string'),
        one('name', 3, 'string'),
        one('op_type', 4, 'string'),
        many('attribute', 5, '.onnx.AttributeProto'),
        one('domain', 7, 'string'),
      ],
    },
    {
      name: 'TensorShapeProto',
      field: [many('dim', 1, '.onnx.TensorShapeProto.Dimension')],
      nestedType: [
        {
          name: 'Dimension',
          oneofDecl: [{ name: 'value' }],
          field: [
            { ...one('dim_value', 1, 'int64'), oneofIndex: 0 },
            { ...one('dim_param', 2, 'string'), oneofIndex: 0 },
          ],
        },
      ],
    },
    {
      name: 'TypeProto',
      field: [one('tensor_type', 1, '.onnx.TypeProto.Tensor')],
      nestedType: [
        { name: 'Tensor', field: [one('elem_type', 1, 'int32'), one('shape', 2, '.onnx.TensorShapeProto')] },
      ],
    },
    { name: 'ValueInfoProto', field: [one('name', 1, 'string'), one('type', 2, '.onnx.TypeProto')] },
    {
      name: 'GraphProto',
      field: [
        many('node', 1, '.onnx.NodeProto'),
        one('name', 2, 'string'),
        many('initializer', 5, '.onnx.TensorProto'),
        many('input', 11, '.onnx.ValueInfoProto'),
        many('output', 12, '.onnx.ValueInfoProto'),
        many('value_info', 13, '.onnx.ValueInfoProto'),
        many('sparse_initializer', 15, '.onnx.SparseTensorProto'),
      ],
    },
    { name: 'OperatorSetIdProto', field: [one('domain', 1, 'string'), one('version', 2, 'int64')] },
    {
      name: 'FunctionProto',
      field: [
        one('name', 1, 'string'),
        many('node', 7, '.onnx.NodeProto'),
        one('domain', 10, 'string'),
        many('attribute_proto', 11, '.onnx.AttributeProto'),
      ],
    },
    { name: 'TrainingInfoProto', field: [] },
    {
      name: 'ModelProto',
      field: [
        one('ir_version', 1, 'int64'),
        one('producer_name', 2, 'string'),
        one('graph', 7, '.onnx.GraphProto'),
        many('opset_import', 8, '.onnx.OperatorSetIdProto'),
        many('training_info', 20, '.onnx.TrainingInfoProto'),
        many('functions', 25, '.onnx.FunctionProto'),
      ],
    },
  ],
});

const file = createFileRegistry(fileProto, () => undefined).getFile(fileProto.name);
if (file === undefined) throw new Error('the ONNX descriptor is inconsistent');

function descriptor<T extends Message>(name: string): GenMessage<T> {
  const index = fileProto.messageType.findIndex((m) => m.name === name);
  if (index < 0 || file === undefined) throw new Error(`no message ${name}`);
  return messageDesc<T>(file, index);
}

export const ModelSchema = descriptor<ModelProto>('ModelProto');
export const GraphSchema = descriptor<GraphProto>('GraphProto');
export const NodeSchema = descriptor<NodeProto>('NodeProto');
export const AttributeSchema = descriptor<AttributeProto>('AttributeProto');
export const TensorSchema = descriptor<TensorProto>('TensorProto');
export const ValueInfoSchema = descriptor<ValueInfoProto>('ValueInfoProto');
export const TensorShapeSchema = descriptor<TensorShapeProto>('TensorShapeProto');
