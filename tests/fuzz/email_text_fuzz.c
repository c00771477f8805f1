/* libFuzzer target: texts of mails. Whatever HTML holds, its text is storable UTF-8; the part of a
 * text that is new is a beginning of it; subjects have a base.
 *
 * Build:  clang -fsanitize=fuzzer,address,undefined; corpus: bodies of connectors/samples/email */
#include <stdint.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/email/html.h"
#include "transform/email/mime.h"
#include "transform/email/new_text.h"
#include "transform/email/subject.h"
#include "transform/email/thread.h"
#include "transform/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_new_text(struct str text, size_t quote_at)
{
    struct mail_new_text found;
    mail_new_text_find(text, quote_at, &found);
    require(found.quote_at == NEW_TEXT_NO_QUOTE || found.quote_at < text.n);
    require(str_is_null(found.text) || (found.text.n > 0 && found.text.n <= text.n));
    require(str_is_null(found.text) || memcmp(found.text.p, text.p, found.text.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena *arena;
    if (arena == NULL)
        arena = arena_new("fuzz", LIMIT_SCOPE_ARENA_BYTES);
    arena_reset(arena);
    struct str text = email_text(arena, (struct str){(const char *)bytes, n}, STR_NULL);
    struct html_text html;
    struct mail_subject subject;
    struct str ids[MAIL_LINKS_MOST];
    size_t count = 0;
    require(text_is_clean(text) && html_read(arena, text, &html));
    require(text_is_clean(html.text));
    check_new_text(text, NEW_TEXT_NO_QUOTE);
    check_new_text(html.text, html.is_quoting ? html.quote_at : NEW_TEXT_NO_QUOTE);
    require(mail_subject_read(arena, text, &subject));
    require(mail_references_scan(arena, text, ids, &count) && count <= MAIL_LINKS_MOST);
    return 0;
}
