/* Documents out of plain files, gzip and zip archives, whole and broken. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "connectors/file_source.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define CHAT "21/03/24, 18:05 - Ana: hola\n"

struct scene {
    char folder[64];
    struct buf log; /* "[name]bytes;" for each document, "!message;" for a fault */
    size_t kept;    /* of the bytes of a document, at most */
    int64_t changed_at, read_bytes, total_bytes;
    uint64_t out_bytes;
};

/* ---- the sink ---- */

static enum rc on_begin(void *context, const struct file_document *document, struct err *err)
{
    (void)err;
    struct scene *scene = context;
    scene->changed_at = document->changed_at;
    (void)buf_printf(&scene->log, "[%.*s]", STR_ARGS(document->name));
    return RC_OK;
}

static enum rc on_bytes(void *context, const char *bytes, size_t n,
                        const struct file_position *position, struct err *err)
{
    (void)err;
    struct scene *scene = context;
    scene->out_bytes += n;
    scene->read_bytes = position->read_bytes;
    scene->total_bytes = position->total_bytes;
    if (scene->out_bytes <= scene->kept)
        (void)buf_add(&scene->log, bytes, n);
    return RC_OK;
}

static enum rc on_fault(void *context, struct str place, const char *message, struct err *err)
{
    (void)err;
    struct scene *scene = context;
    const char *slash = memrchr(place.p, '/', place.n);
    (void)buf_printf(&scene->log, "!%.*s!%s", (int)(place.p + place.n - slash - 1), slash + 1,
                     message);
    return RC_OK;
}

static enum rc on_end(void *context, struct err *err)
{
    (void)err;
    struct scene *scene = context;
    (void)buf_add_text(&scene->log, ";");
    return RC_OK;
}

static const char *path_of(const struct scene *scene, const char *name, char path[static 256])
{
    (void)snprintf(path, 256, "%s/%s", scene->folder, name);
    return path;
}

static enum rc read_as(struct scene *scene, const char *name, const char *channel,
                       const char *format, struct err *err)
{
    char path[256];
    const struct file_sink sink = {on_begin, on_bytes, on_fault, on_end, scene};
    buf_reset(&scene->log);
    scene->out_bytes = 0;
    enum rc rc =
        file_source_read(path_of(scene, name, path), str_of(channel), str_of(format), &sink, err);
    (void)buf_add(&scene->log, "", 1);
    return rc;
}

static void expect(struct scene *scene, const char *name, const char *format, const char *log)
{
    struct err err;
    assert_int_equal(read_as(scene, name, "whatsapp", format, &err), RC_OK);
    assert_string_equal(scene->log.p, log);
}

static void expect_with(struct scene *scene, const char *name, const char *text)
{
    struct err err;
    assert_int_equal(read_as(scene, name, "whatsapp", "export", &err), RC_OK);
    if (strstr(scene->log.p, text) == NULL)
        fail_msg("\"%s\" is missing from: %s", text, scene->log.p);
}

static void expect_error(struct scene *scene, const char *name, const char *channel,
                         const char *format, const char *text)
{
    struct err err = {.msg = ""};
    assert_int_equal(read_as(scene, name, channel, format, &err), RC_REJECT);
    if (strstr(err.msg, text) == NULL)
        fail_msg("\"%s\" is missing from: %s", text, err.msg);
}

/* ---- files ---- */

static int open_scene(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    (void)snprintf(scene->folder, sizeof scene->folder, "/tmp/file_source_test.XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    buf_init(&scene->log, 8 * MIB);
    scene->kept = SIZE_MAX;
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", scene->folder);
    assert_int_equal(system(command), 0); /* NOLINT: our own folder */
    buf_done(&scene->log);
    free(scene);
    return 0;
}

static void put(const struct scene *scene, const char *name, const void *bytes, size_t n)
{
    char path[256];
    FILE *file = fopen(path_of(scene, name, path), "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* A gzip member of the text; returns its length. */
static size_t deflated(const void *text, size_t n, unsigned char *to, size_t room)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text,
                  .avail_in = (uInt)n,
                  .next_out = to,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    return room - z.avail_out;
}

struct item {
    const char *name, *text;
};

static void put_zip(const struct scene *scene, const char *name, const struct item *items,
                    size_t count, const char *password)
{
    char path[256];
    int code = 0;
    zip_t *zip = zip_open(path_of(scene, name, path), ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(zip);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(zip, items[i].text, strlen(items[i].text), 0);
        zip_int64_t index = zip_file_add(zip, items[i].name, source, ZIP_FL_ENC_UTF_8);
        assert_true(index >= 0);
        if (password != NULL)
            assert_int_equal(
                zip_file_set_encryption(zip, (zip_uint64_t)index, ZIP_EM_AES_256, password), 0);
    }
    assert_int_equal(zip_close(zip), 0);
}

#define PUT_ZIP(scene, name, items)                                                                \
    put_zip(scene, name, items, sizeof(items) / sizeof *(items), NULL)

/* ---- plain ---- */

static void test_plain_files(void **state)
{
    struct scene *scene = *state;
    put(scene, "a.txt", "hola", 4);
    expect(scene, "a.txt", "export", "[a.txt]hola;");
    assert_int_equal(scene->read_bytes, 4);
    assert_int_equal(scene->total_bytes, 4);
    assert_true(scene->changed_at > 0 && scene->changed_at <= clock_now_us());
    put(scene, "empty", "", 0);
    expect(scene, "empty", "export", "[empty];");
    put(scene, "one", "\x1f", 1);
    expect(scene, "one", "export", "[one]\x1f;");
}

static void test_what_is_no_file(void **state)
{
    struct scene *scene = *state;
    expect_error(scene, "nothing", "whatsapp", "export", "No such file or directory");
    expect_error(scene, ".", "whatsapp", "export", "Is a directory; give the files in it");
}

/* ---- gzip ---- */

static void test_gzip_of_several_members(void **state)
{
    struct scene *scene = *state;
    unsigned char bytes[512] = {0};
    size_t n = deflated("uno ", 4, bytes, 200);
    n += deflated("dos", 3, bytes + n, 200);
    put(scene, "chat.txt.gz", bytes, n);
    expect(scene, "chat.txt.gz", "export", "[chat.txt]uno dos;");
    put(scene, "padded.gz", bytes, n + 100); /* with zeros */
    expect(scene, "padded.gz", "export", "[padded]uno dos;");
}

static void test_gzip_cut_short_or_damaged(void **state)
{
    struct scene *scene = *state;
    char text[20000];
    unsigned char bytes[40000];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        seed = seed * 1664525U + 1013904223U;
        text[i] = (char)('a' + (seed >> 24) % 26);
    }
    size_t n = deflated(text, sizeof text, bytes, sizeof bytes);
    put(scene, "cut.gz", bytes, n / 2);
    expect_with(scene, "cut.gz", "!cut.gz!the file is cut short at byte ");
    assert_true(scene->out_bytes > sizeof text / 4); /* what was read is kept */
    assert_memory_equal(scene->log.p + strlen("[cut]"), text, scene->out_bytes);
    put(scene, "header.gz", bytes, 6);
    expect_with(scene, "header.gz", "cut short at byte 6 of the gzip file; the 0 bytes");
    bytes[n - 5] ^= 1; /* the checksum */
    put(scene, "sum.gz", bytes, n);
    expect_with(scene, "sum.gz", "the data is damaged at byte ");
    put(scene, "rubbish.gz", "\x1f\x8b\x08 and then rubbish", 20);
    expect_with(scene, "rubbish.gz", "!rubbish.gz!");
    assert_int_equal(scene->log.p[scene->log.n - 2], ';'); /* the document ends all the same */
}

static void test_gzip_that_unfolds_without_end(void **state)
{
    struct scene *scene = *state;
    size_t n = 2 * LIMIT_EXPANSION_FREE_BYTES;
    char *zeros = xcalloc(1, n);
    unsigned char *bytes = xmalloc(MIB);
    put(scene, "bomb.gz", bytes, deflated(zeros, n, bytes, MIB));
    scene->kept = 0;
    expect_with(scene, "bomb.gz", "more unfolds than any real file holds");
    assert_true(scene->out_bytes < n);
    free(zeros);
    free(bytes);
}

/* ---- zip ---- */

static void test_zip_of_a_chat(void **state)
{
    struct scene *scene = *state;
    const struct item ios[] = {
        {"__MACOSX/._chat.txt", "x"}, {"__MACOSX/_chat.txt", "x"},
        {"._chat.txt", "x"},          {"notes.txt", "x"},
        {"_chat.txt", CHAT},          {"00000042-PHOTO-2024-03-21-18-05-33.jpg", "x"}};
    PUT_ZIP(scene, "WhatsApp Chat - Ana.zip", ios);
    expect(scene, "WhatsApp Chat - Ana.zip", "export", "[WhatsApp Chat - Ana.zip]" CHAT ";");
    const struct item android[] = {{"IMG-20240321-WA0007.jpg", "x"},
                                   {"chat about it.txt", "x"},
                                   {"WhatsApp Chat with Ana.txt", CHAT}};
    PUT_ZIP(scene, "any.zip", android);
    expect(scene, "any.zip", "export", "[WhatsApp Chat with Ana.txt]" CHAT ";");
}

static void test_zip_of_several_chats(void **state)
{
    struct scene *scene = *state;
    const struct item items[] = {{"WhatsApp Chat - Ana/_chat.txt", "1"},
                                 {"b/WhatsApp Chat - Luis/_chat.txt", "2"}};
    PUT_ZIP(scene, "chats.zip", items);
    expect(scene, "chats.zip", "export", "[WhatsApp Chat - Ana]1;[WhatsApp Chat - Luis]2;");
}

static void test_zip_with_texts_of_other_names(void **state)
{
    struct scene *scene = *state;
    const struct item named[] = {
        {"readme.txt", CHAT CHAT}, {"my chat (old).txt", CHAT}, {"chat.txt", CHAT}};
    PUT_ZIP(scene, "named.zip", named);
    expect(scene, "named.zip", "export", "[chat.txt]" CHAT ";");
    const struct item misnamed[] = {{"chat.txt", "a note"}, {"a.txt", CHAT}};
    PUT_ZIP(scene, "misnamed.zip", misnamed);
    expect(scene, "misnamed.zip", "export", "[a.txt]" CHAT ";");
    const struct item unnamed[] = {{"a.txt", "nothing\n"}, {"b.txt", CHAT CHAT}, {"c.txt", CHAT}};
    PUT_ZIP(scene, "unnamed.zip", unnamed);
    expect(scene, "unnamed.zip", "export", "[b.txt]" CHAT CHAT ";");
}

static void test_zip_for_other_channels(void **state)
{
    struct scene *scene = *state;
    struct err err;
    const struct item items[] = {{"DataExport/result.json", "{}"},
                                 {"DataExport/photos/result.json.jpg", "x"},
                                 {"mail/1.EML", "m"},
                                 {"mail/all.mbox", "n"}};
    PUT_ZIP(scene, "all.zip", items);
    assert_int_equal(read_as(scene, "all.zip", "telegram", "export", &err), RC_OK);
    assert_string_equal(scene->log.p, "[result.json]{};");
    assert_int_equal(read_as(scene, "all.zip", "email", "message", &err), RC_OK);
    assert_string_equal(scene->log.p, "[1.EML]m;[all.mbox]n;");
    assert_int_equal(read_as(scene, "all.zip", "b2chat", "export", &err), RC_OK);
    assert_string_equal(scene->log.p, "[result.json]{};[result.json.jpg]x;[1.EML]m;[all.mbox]n;");
}

static void test_zip_names_that_lead_out(void **state)
{
    struct scene *scene = *state;
    const struct item items[] = {{"/etc/_chat.txt", "x"},
                                 {"../_chat.txt", "x"},
                                 {"a/../../_chat.txt", "x"},
                                 {"folder/", ""}};
    PUT_ZIP(scene, "out.zip", items);
    expect_error(scene, "out.zip", "whatsapp", "export", "does not hold an exported chat (.txt)");
    expect_error(scene, "out.zip", "b2chat", "export", "does not hold a file");
}

static void test_zip_encrypted(void **state)
{
    struct scene *scene = *state;
    const struct item items[] = {{"_chat.txt", CHAT}};
    put_zip(scene, "secret.zip", items, 1, "correct horse");
    expect(scene, "secret.zip", "export",
           "!secret.zip: _chat.txt!the entry is encrypted; unpack the archive with its password "
           "first");
}

static void test_zip_that_unfolds_without_end(void **state)
{
    struct scene *scene = *state;
    size_t n = 2 * LIMIT_EXPANSION_FREE_BYTES;
    char *text = xmalloc(n + 1);
    memset(text, 'a', n);
    text[n] = '\0';
    const struct item items[] = {{"_chat.txt", text}};
    PUT_ZIP(scene, "bomb.zip", items);
    scene->kept = 0;
    expect_with(scene, "bomb.zip", "!bomb.zip: _chat.txt!more unfolds than any real file holds");
    assert_true(scene->out_bytes < n);
    free(text);
}

static void test_zip_cut_short_or_damaged(void **state)
{
    struct scene *scene = *state;
    char path[256];
    unsigned char bytes[4096];
    const struct item items[] = {{"_chat.txt", CHAT CHAT CHAT CHAT CHAT CHAT}};
    PUT_ZIP(scene, "whole.zip", items);
    FILE *file = fopen(path_of(scene, "whole.zip", path), "re");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    put(scene, "cut.zip", bytes, n - 10);
    expect_error(scene, "cut.zip", "whatsapp", "export", "it may be cut short: copy it again");
    bytes[45] ^= 0x55; /* in the compressed data */
    put(scene, "damaged.zip", bytes, n);
    expect_with(scene, "damaged.zip", "!damaged.zip: _chat.txt!");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain_files),
        TEST(test_what_is_no_file),
        TEST(test_gzip_of_several_members),
        TEST(test_gzip_cut_short_or_damaged),
        TEST(test_gzip_that_unfolds_without_end),
        TEST(test_zip_of_a_chat),
        TEST(test_zip_of_several_chats),
        TEST(test_zip_with_texts_of_other_names),
        TEST(test_zip_for_other_channels),
        TEST(test_zip_names_that_lead_out),
        TEST(test_zip_encrypted),
        TEST(test_zip_that_unfolds_without_end),
        TEST(test_zip_cut_short_or_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
