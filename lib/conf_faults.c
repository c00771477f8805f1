#include "lib/conf_faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/err.h"

const char *conf_faults_format(struct arena *arena, const char *file, struct conf_mark at,
                               const char *path, const char *format, va_list args)
{
    char message[sizeof((struct err *)NULL)->msg];
    (void)vsnprintf(message, sizeof message, format, args);
    return arena_printf(arena, "%s:%d:%d: %s%s%s", file, at.line, at.column,
                        path != NULL ? path : "", path != NULL ? ": " : "", message)
        .p;
}

void conf_faults_add(struct conf_faults *faults, struct conf_mark at, const char *message)
{
    faults->total++;
    if (faults->n == LIMIT_PIPELINE_FAULTS)
        return;
    faults->v[faults->n] = (struct conf_fault){
        at, faults->n, message != NULL ? message : "too many faults to describe this one"};
    faults->n++;
}

static int order(const void *left, const void *right)
{
    const struct conf_fault *a = left, *b = right;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.column != b->at.column)
        return a->at.column < b->at.column ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void conf_faults_sort(struct conf_faults *faults)
{
    qsort(faults->v, faults->n, sizeof *faults->v, order);
}
