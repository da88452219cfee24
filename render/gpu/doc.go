// Package gpu lists NVIDIA's cards on this machine, and says what their driver supports, without a library of CUDA.
//
// It asks NVML (libnvidia-ml.so.1), which every driver brings along, and which is opened at run time. Where that cannot
// be asked, /proc/driver/nvidia tells the driver's version and the names of the cards. Without a C compiler at build
// time only /proc is read.
//
// Cards have the numbers that CUDA gives them: in the order of the bus, of those that CUDA_VISIBLE_DEVICES leaves.
// CUDA itself orders by speed unless CUDA_DEVICE_ORDER is PCI_BUS_ID, which render/onnx sets.
package gpu
