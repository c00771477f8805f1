#include "lib/conf_value.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* The order is that of printing: the first unit that divides the value wins. */
static const struct unit size_units[] = {{"GiB", INT64_C(1) << 30},
                                         {"GB", 1000000000},
                                         {"MiB", 1 << 20},
                                         {"MB", 1000000},
                                         {"KiB", 1 << 10},
                                         {"KB", 1000},
                                         {"B", 1},
                                         {"", 1},
                                         {NULL, 0}};

static const struct unit duration_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                             {"s", 1000},     {"ms", 1},      {NULL, 0}};

/* Digits at the start of text; the rest stays in *rest_out. */
static bool take_digits(struct str text, int64_t *value_out, struct str *rest_out)
{
    size_t i = 0;
    int64_t value = 0;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.p[i] - '0', &value))
            return false;
    bool leading_zero = i > 1 && text.p[0] == '0';
    *value_out = value;
    *rest_out = (struct str){text.p + i, text.n - i};
    return i > 0 && !leading_zero;
}

bool conf_value_int(struct str text, int64_t *value_out)
{
    bool negative = str_starts_with(text, "-");
    struct str digits = negative ? (struct str){text.p + 1, text.n - 1} : text;
    struct str rest;
    if (!take_digits(digits, value_out, &rest) || rest.n > 0)
        return false;
    if (negative)
        *value_out = -*value_out;
    return true;
}

static bool with_unit(struct str text, const struct unit *units, int64_t *value_out)
{
    struct str rest;
    if (!take_digits(text, value_out, &rest))
        return false;
    for (; units->name != NULL; units++)
        if (str_is(rest, units->name))
            return !__builtin_mul_overflow(*value_out, units->factor, value_out);
    return rest.n == 0 && *value_out == 0;
}

bool conf_value_size(struct str text, int64_t *bytes_out)
{
    return with_unit(text, size_units, bytes_out);
}

bool conf_value_duration(struct str text, int64_t *ms_out)
{
    return with_unit(text, duration_units, ms_out);
}

static void print(int64_t value, const struct unit *units, char *text)
{
    while (units[1].name != NULL && (value == 0 || value % units->factor != 0))
        units++;
    (void)snprintf(text, CONF_VALUE_TEXT_BYTES, "%" PRId64 "%s", value / units->factor,
                   units->name);
}

void conf_value_print_size(int64_t bytes, char text[static CONF_VALUE_TEXT_BYTES])
{
    print(bytes, size_units, text);
}

void conf_value_print_duration(int64_t ms, char text[static CONF_VALUE_TEXT_BYTES])
{
    print(ms, duration_units, text);
}
