#include "connectors/imap_name.h"

#include <iconv.h>
#include <stdint.h>
#include <strings.h>

#define IMAP_CHARSET "UTF-7-IMAP" /* glibc 2.36 */
#define GROWTH_MOST 5             /* bytes of the result for one of the name, and some */
#define GROWTH_BYTES 16

static struct str convert(struct arena *arena, const char *to, const char *from, struct str text,
                          bool *is_valid_out)
{
    size_t room = text.n * GROWTH_MOST + GROWTH_BYTES;
    char *out = arena_alloc(arena, room), *end = out;
    char *in = (char *)(uintptr_t)text.p; /* iconv does not write there */
    size_t left = text.n;
    iconv_t converter = iconv_open(to, from);
    *is_valid_out = false;
    if (out == NULL || converter == (iconv_t)-1)
        return STR_NULL;
    *is_valid_out = iconv(converter, &in, &left, &end, &room) != (size_t)-1 &&
                    iconv(converter, NULL, NULL, &end, &room) != (size_t)-1;
    (void)iconv_close(converter);
    return (struct str){out, (size_t)(end - out)};
}

struct str imap_name_encode(struct arena *arena, struct str utf8)
{
    bool is_valid;
    struct str name = convert(arena, IMAP_CHARSET, "UTF-8", utf8, &is_valid);
    return is_valid ? name : STR_NULL;
}

struct str imap_name_decode(struct arena *arena, struct str name)
{
    bool is_valid;
    struct str utf8 = convert(arena, "UTF-8", IMAP_CHARSET, name, &is_valid);
    /* An end that is missing is no fault to iconv. */
    if (is_valid && str_equal(imap_name_encode(arena, utf8), name))
        return utf8;
    return arena_str(arena, name);
}

/* ---- patterns ---- */

static bool is_inbox(struct str name)
{
    return name.n == strlen("INBOX") && strncasecmp(name.p, "INBOX", name.n) == 0;
}

bool imap_name_matches(struct str pattern, struct str name)
{
    size_t p = 0, n = 0;
    size_t star = SIZE_MAX, star_n = 0; /* the last "*", and where what it stands for ends */
    if (is_inbox(pattern))
        return is_inbox(name);
    while (n < name.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            star_n = n;
        } else if (p < pattern.n && pattern.p[p] == name.p[n]) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++star_n;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* ---- sent mails ---- */

bool imap_name_is_sent(struct str name, char separator)
{
    static const char *const usual[] = {"Sent",
                                        "Sent Items",
                                        "Sent Messages",
                                        "Sent Mail",
                                        "Enviados",
                                        "Elementos enviados",
                                        "Mensajes enviados",
                                        "Correo enviado",
                                        "Itens Enviados",
                                        "Gesendet",
                                        "Gesendete Elemente",
                                        "Gesendete Objekte",
                                        "Envoy&AOk-s",
                                        "&AMk-l&AOk-ments envoy&AOk-s",
                                        "Posta inviata",
                                        "Inviati",
                                        "Verzonden",
                                        "Verzonden items"};
    const char *last = separator != '\0' && name.n > 0 ? memrchr(name.p, separator, name.n) : NULL;
    if (last != NULL)
        name = (struct str){last + 1, name.n - (size_t)(last + 1 - name.p)};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (name.n == strlen(usual[i]) && strncasecmp(name.p, usual[i], name.n) == 0)
            return true;
    return false;
}
