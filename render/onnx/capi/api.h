// The functions of ONNX Runtime's C API that the Go binding lacks. OrtApi is a structure of pointers to functions, and
// the place of each never changes (onnxruntime_c_api.h), so that a place and a type say all that is needed to call one.
#ifndef DARKROOM_CAPI_H
#define DARKROOM_CAPI_H

#include <stddef.h>
#include <stdint.h>

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtIoBinding OrtIoBinding;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtArenaCfg OrtArenaCfg;
typedef struct OrtKeyValuePairs OrtKeyValuePairs;
typedef struct OrtValue OrtValue;

enum { api_version = 24 };

// The places of functions in OrtApi.
enum {
	at_GetErrorMessage = 2,
	at_CreateEnv = 3,
	at_CreateRunOptions = 39,
	at_RunOptionsSetTerminate = 46,
	at_CreateTensorAsOrtValue = 48,
	at_CreateTensorWithDataAsOrtValue = 49,
	at_CreateMemoryInfo = 68,
	at_ReleaseStatus = 93,
	at_ReleaseMemoryInfo = 94,
	at_ReleaseValue = 96,
	at_ReleaseRunOptions = 97,
	at_CreateAllocator = 131,
	at_ReleaseAllocator = 132,
	at_RunWithBinding = 133,
	at_CreateIoBinding = 134,
	at_ReleaseIoBinding = 135,
	at_BindInput = 136,
	at_BindOutput = 137,
	at_ClearBoundInputs = 141,
	at_ClearBoundOutputs = 142,
	at_ReleaseArenaCfg = 157,
	at_CreateArenaCfgV2 = 164,
	at_AddRunConfigEntry = 165,
	at_UnregisterAllocator = 177,
	at_SynchronizeBoundInputs = 202,
	at_CreateAndRegisterAllocatorV2 = 259,
	at_GetKeyValue = 297,
	at_ReleaseKeyValuePairs = 300,
	at_AllocatorGetStats = 319,
};

// OrtAllocatorType, OrtMemType and OrtLoggingLevel, as far as they are used.
enum { arena_allocator = 1, default_memory = 0, log_fatal = 4 };

// capi_open finds the API in a library that is loaded already. It returns what is wrong, or NULL.
const char *capi_open(const char *library);

// Each is the function of its name in OrtApi.
const char *capi_GetErrorMessage(const OrtStatus *status);
void capi_ReleaseStatus(OrtStatus *status);
OrtStatus *capi_CreateEnv(OrtEnv **out);
OrtStatus *capi_CreateRunOptions(OrtRunOptions **out);
OrtStatus *capi_RunOptionsSetTerminate(OrtRunOptions *options);
OrtStatus *capi_AddRunConfigEntry(OrtRunOptions *options, const char *key, const char *value);
void capi_ReleaseRunOptions(OrtRunOptions *options);
OrtStatus *capi_CreateMemoryInfo(const char *name, int id, OrtMemoryInfo **out);
void capi_ReleaseMemoryInfo(OrtMemoryInfo *info);
OrtStatus *capi_CreateAllocator(const OrtSession *session, const OrtMemoryInfo *info, OrtAllocator **out);
void capi_ReleaseAllocator(OrtAllocator *allocator);
OrtStatus *capi_AllocatorGetStats(const OrtAllocator *allocator, OrtKeyValuePairs **out);
const char *capi_GetKeyValue(const OrtKeyValuePairs *pairs, const char *key);
void capi_ReleaseKeyValuePairs(OrtKeyValuePairs *pairs);
OrtStatus *capi_CreateTensorAsOrtValue(OrtAllocator *a, const int64_t *shape, size_t rank, int type, OrtValue **out);
OrtStatus *capi_CreateTensorWithDataAsOrtValue(
	const OrtMemoryInfo *info, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, OrtValue **out);
void capi_ReleaseValue(OrtValue *value);
OrtStatus *capi_CreateIoBinding(OrtSession *session, OrtIoBinding **out);
void capi_ReleaseIoBinding(OrtIoBinding *binding);
OrtStatus *capi_BindInput(OrtIoBinding *binding, const char *name, const OrtValue *value);
OrtStatus *capi_BindOutput(OrtIoBinding *binding, const char *name, const OrtValue *value);
void capi_ClearBoundInputs(OrtIoBinding *binding);
void capi_ClearBoundOutputs(OrtIoBinding *binding);
OrtStatus *capi_SynchronizeBoundInputs(OrtIoBinding *binding);
OrtStatus *capi_RunWithBinding(OrtSession *session, const OrtRunOptions *options, const OrtIoBinding *binding);
OrtStatus *capi_CreateArenaCfgV2(const char *const *keys, const size_t *values, size_t n, OrtArenaCfg **out);
void capi_ReleaseArenaCfg(OrtArenaCfg *config);
OrtStatus *capi_CreateAndRegisterAllocatorV2(
	OrtEnv *env, const char *provider, const OrtMemoryInfo *info, const OrtArenaCfg *config);
OrtStatus *capi_UnregisterAllocator(OrtEnv *env, const OrtMemoryInfo *info);

#endif
