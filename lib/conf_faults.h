/* conf_faults.h: the faults found in one file, to be told in the file's order.
 *
 * Owns:    texts are copied into the arena that is given at each call.
 * Threads: one owner. */
#ifndef SLUICE_LIB_CONF_FAULTS_H
#define SLUICE_LIB_CONF_FAULTS_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/conf_tree.h"
#include "lib/limits.h"

struct conf_fault {
    struct conf_mark at;
    size_t order; /* of being found: decides among faults at one place */
    const char *message;
};

struct conf_faults {
    struct conf_fault v[LIMIT_PIPELINE_FAULTS];
    size_t n; /* kept */
    size_t total;
};

/* "file:line:column: path: message"; path may be NULL. In the arena; NULL = no room. */
const char *conf_faults_format(struct arena *arena, const char *file, struct conf_mark at,
                               const char *path, const char *format, va_list args)
    __attribute__((format(printf, 5, 0)));

void conf_faults_add(struct conf_faults *faults, struct conf_mark at, const char *message);
void conf_faults_sort(struct conf_faults *faults);

#endif
