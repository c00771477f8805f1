/* Any bytes as a pipeline file: no crash, and either a pipeline or at least one fault.
 *
 *     clang-14 -fsanitize=fuzzer,address,undefined -I. -D_GNU_SOURCE tests/fuzz/pipeline_fuzz.c \
 *         pipelines/pipeline*.c lib/[a-z]*.c transform/ids.c ...
 *     ./pipeline_fuzz -dict=... corpus pipelines
 */
#include <stdint.h>
#include <stdlib.h>

#include "pipelines/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void count(void *context, const char *message)
{
    size_t *faults = context;
    *faults += message[0] != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    size_t faults = 0;
    struct err err;
    struct pipeline *pipeline = NULL;
    struct str yaml = {n > 0 ? (const char *)bytes : "", n};
    enum rc rc = pipeline_load_text("pipelines/fuzz.yaml", yaml, count, &faults, &pipeline, &err);
    if ((rc == RC_OK) != (pipeline != NULL) || (rc == RC_OK && faults > 0) ||
        (rc != RC_OK && faults == 0))
        abort();
    pipeline_free(&pipeline);
    return 0;
}
