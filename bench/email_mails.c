#include "bench/email_mails.h"

#include <stdint.h>

#include "lib/clock.h"

#define FIRST_US (INT64_C(1735689600) * US_PER_SECOND) /* 2025-01-01 */
#define SECONDS_APART 97
#define PEOPLE 5000
#define PDF_LINES 800 /* of 57 bytes each */
#define LINE_DIGITS 76
#define PARAGRAPHS_MOST 12

/* A step of splitmix64: well mixed, from the number alone. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static const char *sentence(uint64_t random)
{
    static const char *const sentences[] = {
        "Buenos días, sigo esperando la entrega de mi pedido y nadie me ha dado respuesta.",
        "Adjunto la factura del mes pasado para que puedan revisar el valor cobrado.",
        "Could you please confirm whether the replacement has already been shipped?",
        "La página muestra un error cuando intento actualizar la dirección de envío.",
        "Thanks for the quick answer, it works now on my side.",
        "Quedo atento a sus comentarios; mi número de cliente es el mismo de siempre.",
        "O produto chegou com a embalagem danificada, mas está funcionando normalmente.",
        "Le commentaire du technicien était très utile, merci beaucoup pour votre aide.",
    };
    return sentences[random % (sizeof sentences / sizeof sentences[0])];
}

static void add_words(struct buf *out, size_t number, const char *before, const char *after)
{
    size_t paragraphs = 2 + mix(number) % PARAGRAPHS_MOST;
    for (size_t i = 0; i < paragraphs; i++)
        (void)buf_printf(out, "%s%s %s%s\n", before, sentence(mix(number * 31 + i)),
                         sentence(mix(number * 37 + i)), after);
}

static void add_quote(struct buf *out, size_t number)
{
    (void)buf_printf(out,
                     "\nEl mar, 4 mar 2025 a las 8:55, Soporte (<soporte@example.org>) "
                     "escribió:\n> %s\n> %s\n",
                     sentence(mix(number * 41)), sentence(mix(number * 43)));
}

static void add_header(struct buf *out, size_t number)
{
    char sent[CLOCK_TEXT_BYTES];
    uint64_t person = mix(number) % PEOPLE;
    clock_format(FIRST_US + (int64_t)number * SECONDS_APART * US_PER_SECOND, sent);
    (void)buf_printf(out,
                     "Return-Path: <cliente%u@example.net>\n"
                     "Received: from mx%u.example.net (mx%u.example.net [192.0.2.%u])\n"
                     "\tby mail.example.org with ESMTPS id %016llx\n"
                     "\tfor <soporte@example.org>; %.10s %.8s +0000\n"
                     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net;\n"
                     "\ts=mail; h=from:to:subject:date:message-id; bh=%016llx%016llx=;\n"
                     "\tb=%016llx%016llx%016llx\n"
                     "From: =?utf-8?Q?Cliente_N=C3=BAmero_%u?= <cliente%u@example.net>\n"
                     "To: \"Soporte\" <soporte@example.org>\n"
                     "Subject: %s=?utf-8?B?UGVkaWRvIG7Dum1lcm8=?= %u\n"
                     "Date: %.10s %.8s +0000\n"
                     "Message-ID: <m%zu@mail.example.net>\n",
                     (unsigned)person, (unsigned)(number % 9), (unsigned)(number % 9),
                     (unsigned)(person % 250), (unsigned long long)mix(number + 1), sent, sent + 11,
                     (unsigned long long)mix(number + 2), (unsigned long long)mix(number + 3),
                     (unsigned long long)mix(number + 4), (unsigned long long)mix(number + 5),
                     (unsigned long long)mix(number + 6), (unsigned)person, (unsigned)person,
                     number % 3 == 0 ? "" : "Re: ", (unsigned)person, sent, sent + 11, number);
    if (number % 3 != 0)
        (void)buf_printf(out,
                         "In-Reply-To: <m%zu@mail.example.net>\n"
                         "References: <m%zu@mail.example.net> <r%zu@example.org>\n",
                         number - 1, number - number % 3, number);
    (void)buf_add_text(out, "MIME-Version: 1.0\n");
}

static void add_text(struct buf *out, size_t number)
{
    (void)buf_add_text(out, "Content-Type: text/plain; charset=utf-8\n"
                            "Content-Transfer-Encoding: 8bit\n\n");
    add_words(out, number, "", "");
    add_quote(out, number);
}

static void add_alternative(struct buf *out, size_t number)
{
    (void)buf_printf(out, "Content-Type: multipart/alternative; boundary=\"b%zu\"\n\n--b%zu\n",
                     number, number);
    add_text(out, number);
    (void)buf_printf(out,
                     "--b%zu\nContent-Type: text/html; charset=utf-8\n"
                     "Content-Transfer-Encoding: 8bit\n\n"
                     "<html><head><style>p { margin: 0 }</style></head><body>\n",
                     number);
    add_words(out, number, "<p style=\"font-family: sans-serif\">", "</p>");
    (void)buf_printf(out,
                     "<blockquote type=\"cite\"><p>%s</p></blockquote></body></html>\n"
                     "--b%zu--\n",
                     sentence(mix(number * 41)), number);
}

static void add_pdf(struct buf *out, size_t number)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t line = 0; line < PDF_LINES; line++) {
        char *to = buf_reserve(out, LINE_DIGITS + 1);
        uint64_t random = 0;
        for (size_t i = 0; to != NULL && i < LINE_DIGITS; i++) {
            random = i % 10 == 0 ? mix(number * PDF_LINES + line * 8 + i / 10) : random >> 6;
            to[i] = digits[random % 64];
        }
        if (to == NULL)
            return;
        to[LINE_DIGITS] = '\n';
        out->n += LINE_DIGITS + 1;
    }
}

static void add_mixed(struct buf *out, size_t number)
{
    (void)buf_printf(out, "Content-Type: multipart/mixed; boundary=\"m%zu\"\n\n--m%zu\n", number,
                     number);
    add_text(out, number);
    (void)buf_printf(out,
                     "--m%zu\nContent-Type: application/pdf; name=\"factura-%zu.pdf\"\n"
                     "Content-Disposition: attachment; filename=\"factura-%zu.pdf\"\n"
                     "Content-Transfer-Encoding: base64\n\n",
                     number, number, number);
    add_pdf(out, number);
    (void)buf_printf(out, "--m%zu--\n", number);
}

void email_mails_add(struct buf *out, size_t number)
{
    size_t kind = number % 10;
    add_header(out, number);
    if (kind < 5)
        add_text(out, number);
    else if (kind < 9)
        add_alternative(out, number);
    else
        add_mixed(out, number);
}

void email_mails_add_mbox(struct buf *out, size_t number)
{
    (void)buf_add_text(out, "From - Wed Jan  1 00:00:00 2025\n");
    email_mails_add(out, number);
    (void)buf_add_text(out, "\n");
}
