#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum rc err_set(struct err *err, enum rc rc, const char *format, ...)
{
    if (err == NULL)
        return rc;
    memset(err, 0, sizeof *err);
    err->rc = rc;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->msg, sizeof err->msg, format, args);
    va_end(args);
    return rc;
}
