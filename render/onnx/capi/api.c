#include "api.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

typedef struct {
	const void *const *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
} api_base;

static const void *const *api; // OrtApi

static void *find_base(const char *library) {
#ifdef _WIN32
	HMODULE handle = GetModuleHandleA(library);
	return handle == NULL ? NULL : (void *)GetProcAddress(handle, "OrtGetApiBase");
#else
	void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
	return handle == NULL ? NULL : dlsym(handle, "OrtGetApiBase");
#endif
}

const char *capi_open(const char *library) {
	const api_base *(*get_base)(void) = (const api_base *(*)(void))find_base(library);
	if (get_base == NULL) return "the library is not loaded";
	api = get_base()->get_api(api_version);
	return api == NULL ? "the library has no API of this version" : NULL;
}

// CALL is a function of OrtApi by its name, as a pointer of the type that follows.
#define CALL(name, result, ...) ((result (*)(__VA_ARGS__))api[at_##name])

const char *capi_GetErrorMessage(const OrtStatus *status) {
	return CALL(GetErrorMessage, const char *, const OrtStatus *)(status);
}

void capi_ReleaseStatus(OrtStatus *status) { CALL(ReleaseStatus, void, OrtStatus *)(status); }

OrtStatus *capi_CreateEnv(OrtEnv **out) {
	return CALL(CreateEnv, OrtStatus *, int, const char *, OrtEnv **)(log_fatal, "darkroom", out);
}

OrtStatus *capi_CreateRunOptions(OrtRunOptions **out) {
	return CALL(CreateRunOptions, OrtStatus *, OrtRunOptions **)(out);
}

OrtStatus *capi_RunOptionsSetTerminate(OrtRunOptions *options) {
	return CALL(RunOptionsSetTerminate, OrtStatus *, OrtRunOptions *)(options);
}

OrtStatus *capi_AddRunConfigEntry(OrtRunOptions *options, const char *key, const char *value) {
	return CALL(AddRunConfigEntry, OrtStatus *, OrtRunOptions *, const char *, const char *)(options, key, value);
}

void capi_ReleaseRunOptions(OrtRunOptions *options) { CALL(ReleaseRunOptions, void, OrtRunOptions *)(options); }

OrtStatus *capi_CreateMemoryInfo(const char *name, int id, OrtMemoryInfo **out) {
	return CALL(CreateMemoryInfo, OrtStatus *, const char *, int, int, int, OrtMemoryInfo **)(
		name, arena_allocator, id, default_memory, out);
}

void capi_ReleaseMemoryInfo(OrtMemoryInfo *info) { CALL(ReleaseMemoryInfo, void, OrtMemoryInfo *)(info); }

OrtStatus *capi_CreateAllocator(const OrtSession *session, const OrtMemoryInfo *info, OrtAllocator **out) {
	return CALL(CreateAllocator, OrtStatus *, const OrtSession *, const OrtMemoryInfo *, OrtAllocator **)(
		session, info, out);
}

void capi_ReleaseAllocator(OrtAllocator *allocator) { CALL(ReleaseAllocator, void, OrtAllocator *)(allocator); }

OrtStatus *capi_AllocatorGetStats(const OrtAllocator *allocator, OrtKeyValuePairs **out) {
	return CALL(AllocatorGetStats, OrtStatus *, const OrtAllocator *, OrtKeyValuePairs **)(allocator, out);
}

const char *capi_GetKeyValue(const OrtKeyValuePairs *pairs, const char *key) {
	return CALL(GetKeyValue, const char *, const OrtKeyValuePairs *, const char *)(pairs, key);
}

void capi_ReleaseKeyValuePairs(OrtKeyValuePairs *pairs) {
	CALL(ReleaseKeyValuePairs, void, OrtKeyValuePairs *)(pairs);
}

OrtStatus *capi_CreateTensorAsOrtValue(OrtAllocator *a, const int64_t *shape, size_t rank, int type, OrtValue **out) {
	return CALL(CreateTensorAsOrtValue, OrtStatus *, OrtAllocator *, const int64_t *, size_t, int, OrtValue **)(
		a, shape, rank, type, out);
}

OrtStatus *capi_CreateTensorWithDataAsOrtValue(
	const OrtMemoryInfo *info, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, OrtValue **out) {
	return CALL(CreateTensorWithDataAsOrtValue, OrtStatus *, const OrtMemoryInfo *, void *, size_t, const int64_t *,
		size_t, int, OrtValue **)(info, data, bytes, shape, rank, type, out);
}

void capi_ReleaseValue(OrtValue *value) { CALL(ReleaseValue, void, OrtValue *)(value); }

OrtStatus *capi_CreateIoBinding(OrtSession *session, OrtIoBinding **out) {
	return CALL(CreateIoBinding, OrtStatus *, OrtSession *, OrtIoBinding **)(session, out);
}

void capi_ReleaseIoBinding(OrtIoBinding *binding) { CALL(ReleaseIoBinding, void, OrtIoBinding *)(binding); }

OrtStatus *capi_BindInput(OrtIoBinding *binding, const char *name, const OrtValue *value) {
	return CALL(BindInput, OrtStatus *, OrtIoBinding *, const char *, const OrtValue *)(binding, name, value);
}

OrtStatus *capi_BindOutput(OrtIoBinding *binding, const char *name, const OrtValue *value) {
	return CALL(BindOutput, OrtStatus *, OrtIoBinding *, const char *, const OrtValue *)(binding, name, value);
}

void capi_ClearBoundInputs(OrtIoBinding *binding) { CALL(ClearBoundInputs, void, OrtIoBinding *)(binding); }

void capi_ClearBoundOutputs(OrtIoBinding *binding) { CALL(ClearBoundOutputs, void, OrtIoBinding *)(binding); }

OrtStatus *capi_SynchronizeBoundInputs(OrtIoBinding *binding) {
	return CALL(SynchronizeBoundInputs, OrtStatus *, OrtIoBinding *)(binding);
}

OrtStatus *capi_RunWithBinding(OrtSession *session, const OrtRunOptions *options, const OrtIoBinding *binding) {
	return CALL(RunWithBinding, OrtStatus *, OrtSession *, const OrtRunOptions *, const OrtIoBinding *)(
		session, options, binding);
}

OrtStatus *capi_CreateArenaCfgV2(const char *const *keys, const size_t *values, size_t n, OrtArenaCfg **out) {
	return CALL(CreateArenaCfgV2, OrtStatus *, const char *const *, const size_t *, size_t, OrtArenaCfg **)(
		keys, values, n, out);
}

void capi_ReleaseArenaCfg(OrtArenaCfg *config) { CALL(ReleaseArenaCfg, void, OrtArenaCfg *)(config); }

OrtStatus *capi_CreateAndRegisterAllocatorV2(
	OrtEnv *env, const char *provider, const OrtMemoryInfo *info, const OrtArenaCfg *config) {
	return CALL(CreateAndRegisterAllocatorV2, OrtStatus *, OrtEnv *, const char *, const OrtMemoryInfo *,
		const OrtArenaCfg *, const char *const *, const char *const *, size_t)(
		env, provider, info, config, NULL, NULL, 0);
}

OrtStatus *capi_UnregisterAllocator(OrtEnv *env, const OrtMemoryInfo *info) {
	return CALL(UnregisterAllocator, OrtStatus *, OrtEnv *, const OrtMemoryInfo *)(env, info);
}
