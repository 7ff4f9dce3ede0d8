package op

import (
	"errors"

	"github.com/parallax-go/parallax/ir"
)

var errPending = errors.New("inference pending")

func inferArgReduce(c *ir.Infer) error                                 { return errPending }
func inferCast(c *ir.Infer) error                                      { return errPending }
func inferClip(c *ir.Infer) error                                      { return errPending }
func inferCompress(c *ir.Infer) error                                  { return errPending }
func inferConcat(c *ir.Infer) error                                    { return errPending }
func inferConv(c *ir.Infer) error                                      { return errPending }
func inferDepthToSpace(c *ir.Infer) error                              { return errPending }
func inferEinsum(c *ir.Infer) error                                    { return errPending }
func inferExpand(c *ir.Infer) error                                    { return errPending }
func inferEyeLike(c *ir.Infer) error                                   { return errPending }
func inferFlatten(c *ir.Infer) error                                   { return errPending }
func inferGather(c *ir.Infer) error                                    { return errPending }
func inferGatherElements(c *ir.Infer) error                            { return errPending }
func inferGatherND(c *ir.Infer) error                                  { return errPending }
func inferGemm(c *ir.Infer) error                                      { return errPending }
func inferGlobalPool(c *ir.Infer) error                                { return errPending }
func inferIf(c *ir.Infer) error                                        { return errPending }
func inferLayerNormalization(c *ir.Infer) error                        { return errPending }
func inferLoop(c *ir.Infer) error                                      { return errPending }
func inferMatMul(c *ir.Infer) error                                    { return errPending }
func inferNonZero(c *ir.Infer) error                                   { return errPending }
func inferNot(c *ir.Infer) error                                       { return errPending }
func inferONNXAttention(c *ir.Infer) error                             { return errPending }
func inferOneHot(c *ir.Infer) error                                    { return errPending }
func inferPad(c *ir.Infer) error                                       { return errPending }
func inferParallax(c *ir.Infer) error                                  { return errPending }
func inferPool(c *ir.Infer) error                                      { return errPending }
func inferPredicate(c *ir.Infer) error                                 { return errPending }
func inferRMSNormalization(c *ir.Infer) error                          { return errPending }
func inferRange(c *ir.Infer) error                                     { return errPending }
func inferReshape(c *ir.Infer) error                                   { return errPending }
func inferScan(c *ir.Infer) error                                      { return errPending }
func inferShape(c *ir.Infer) error                                     { return errPending }
func inferSize(c *ir.Infer) error                                      { return errPending }
func inferSlice(c *ir.Infer) error                                     { return errPending }
func inferSoftmax(c *ir.Infer) error                                   { return errPending }
func inferSpaceToDepth(c *ir.Infer) error                              { return errPending }
func inferSplit(c *ir.Infer) error                                     { return errPending }
func inferSqueeze(c *ir.Infer) error                                   { return errPending }
func inferTile(c *ir.Infer) error                                      { return errPending }
func inferTopK(c *ir.Infer) error                                      { return errPending }
func inferTranspose(c *ir.Infer) error                                 { return errPending }
func inferUnsqueeze(c *ir.Infer) error                                 { return errPending }
func inferVariadic(c *ir.Infer) error                                  { return errPending }
func inferWhere(c *ir.Infer) error                                     { return errPending }
func inferUnary(c *ir.Infer) error                                     { return errPending }
func inferBinary(c *ir.Infer) error                                    { return errPending }
func inferLogical(c *ir.Infer) error                                   { return errPending }
func inferComparison(c *ir.Infer) error                                { return errPending }
func inferReduce(c *ir.Infer) error                                    { return errPending }
func decomposeParallax(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) { return nil, errPending }
