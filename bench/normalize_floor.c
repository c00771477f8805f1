#include "bench/normalize_floor.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "lib/limits.h"

static void die(const char *what)
{
    (void)fprintf(stderr, "normalize: %s\n", what);
    exit(1);
}

static int on_nothing(void *context)
{
    (void)context;
    return 1;
}

static int on_boolean(void *context, int value)
{
    (void)context;
    (void)value;
    return 1;
}

static int on_number(void *context, const char *p, size_t n)
{
    (void)context;
    (void)p;
    (void)n;
    return 1;
}

static int on_string(void *context, const unsigned char *p, size_t n)
{
    (void)context;
    (void)p;
    (void)n;
    return 1;
}

static const yajl_callbacks empty_callbacks = {
    .yajl_null = on_nothing,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_nothing,
    .yajl_map_key = on_string,
    .yajl_end_map = on_nothing,
    .yajl_start_array = on_nothing,
    .yajl_end_array = on_nothing,
};

void normalize_floor_yajl(struct str document)
{
    yajl_handle handle = yajl_alloc(&empty_callbacks, NULL, NULL);
    for (size_t at = 0; at < document.n; at += 64 * KIB) {
        size_t n = document.n - at < 64 * KIB ? document.n - at : 64 * KIB;
        if (yajl_parse(handle, (const unsigned char *)document.p + at, n) != yajl_status_ok)
            die("a document is no JSON");
    }
    if (yajl_complete_parse(handle) != yajl_status_ok)
        die("a document is no whole JSON");
    yajl_free(handle);
}

void normalize_floor_gmime(struct str document)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(document.p, document.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_object_unref(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    if (message == NULL)
        die("a document is no mail");
    g_object_unref(message);
}
