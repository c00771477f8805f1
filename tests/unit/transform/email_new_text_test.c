#include "transform/email/new_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/limits.h"

#define SECONDS_MOST 5 /* quadratic time would take minutes */

struct cut_case {
    const char *text, *expected; /* expected NULL: all of it is new */
    bool is_forward;
};

/* What is above the mark is "nuevo". */
static const char *const attributions[] = {
    "On Tue, Mar 4, 2025 at 9:12 AM Ana Gómez <ana@example.net> wrote:",
    "On 4 Mar 2025, at 09:12, Ana <ana@example.net> wrote:",
    "On Tue, Mar 4, 2025 at 9:12 AM Ana Gómez\n<ana.gomez.con.nombre.largo@example.net>\nwrote:",
    "*On Tue, Mar 4, 2025 Ana wrote:*",
    "El mar, 4 mar 2025 a las 8:55, Soporte (<soporte@example.org>) escribió:",
    "El 4/3/25 a las 8:55, Ana escribió:",
    "Em ter., 4 de mar. de 2025 às 09:12, Ana <ana@example.net> escreveu:",
    "Le mar. 4 mars 2025 à 09:12, Ana <ana@example.net> a écrit :",
    "Le 4 mars 2025, Ana a écrit\xC2\xA0:",
    "Am 4. März 2025 schrieb Ana:",
    "Am Di., 4. März 2025 um 09:12 Uhr schrieb Ana <ana@example.net>:",
    "Il giorno mar 4 mar 2025 alle ore 09:12 Ana <ana@example.net> ha scritto:",
    "Op di 4 mrt 2025 om 09:12 schreef Ana <ana@example.net>:",
    "Den tis 4 mars 2025 kl 09:12 skrev Ana <ana@example.net>:",
    "Den 4. mars 2025 skrev:",
    "W dniu 4.03.2025 o 09:12, Ana pisze:",
    "Dnia 4 marca 2025 Ana <ana@example.net> napisał:",
    "Dnia 4 marca 2025 Ana napisał(a):",
    "pe 4. maalisk. 2025 klo 9.12 Ana (ana@example.net) kirjoitti:",
    "Vào Th 3, 4 thg 3, 2025 vào lúc 09:12 Ana <ana@example.net> đã viết:",
    "在 2025年3月4日 09:12，Ana 写道：",
    "2025-03-04 9:12 GMT-05:00 Ana <ana@example.net>:",
    "4/3/25 9:12, Ana:",
    "04.03.2025 09:12, Ana <ana@example.net>:",
    "-----Original Message-----",
    "-- Original Message --",
    "-----Mensaje original-----",
    "----- Mensagem original -----",
    "-----Message d'origine-----",
    "-----Ursprüngliche Nachricht-----",
    "-----Oprindelig meddelelse-----",
    "-----Messaggio originale-----",
    "________________________________\nFrom: Ana\nSent: Tuesday\nTo: Soporte\nSubject: x",
    "From: Ana\nSent: Tuesday\nTo: Soporte\nSubject: x",
    "*De:* Ana\n*Enviado el:* martes\n*Para:* Soporte\n*Asunto:* x",
    "De: Ana\nEnviada em: terça\nPara: Suporte\nAssunto: x",
    "Von: Ana\nGesendet: Dienstag\nAn: Support\nBetreff: x",
    "De : Ana\nEnvoyé : mardi\nÀ : Support\nObjet : x",
    "Van: Ana\nDatum: dinsdag\nAan: Support\nOnderwerp: x",
    "Fra: Ana\nSendt: tirsdag\nTil: Support\nEmne: x",
    "Från: Ana\nSkickat: tisdag\nTill: Support\nÄmne: x",
    "From: Ana\nCc: Luis\nSent: Tuesday\nReply-To: x\nSubject: x",
    "-- Please reply above this line --",
    "##- Please type your reply above this line -##",
};

static const struct cut_case cases[] = {
    {"nuevo", NULL, false},
    {"", NULL, false},
    {"nuevo\n\n> viejo\n> viejo", "nuevo", false},
    {"nuevo\n\nAna dijo ayer:\n> viejo", "nuevo", false},
    {"> pregunta\nrespuesta\n> otra\notra respuesta", NULL, false},
    {"On 4 Mar 2025 Ana wrote:\n> pregunta\nrespuesta\n> otra\notra respuesta", NULL, false},
    {"On 4 Mar 2025 Ana wrote:\n> pregunta\n\nrespuesta\n-- \nLuis",
     "On 4 Mar 2025 Ana wrote:\n> pregunta\n\nrespuesta", false},
    {"nuevo\n> On 4 Mar 2025 Ana wrote:\n> x\nmás nuevo", NULL, false},
    {"On 4 Mar 2025 Ana wrote:\n> solo cita", NULL, false},
    {"> solo cita", NULL, false},
    {"On 3 occasions he came:\n - one\n - two", NULL, false},
    {"El martes escribió:\nnada", NULL, false}, /* no digit */
    {"On Monday we met\n\nAna wrote: 5", NULL, false},
    {"From: here\nTo: there\nwe go", NULL, false}, /* two headers only */
    {"-----\nOriginal Message", NULL, false},
    {"---------- Forwarded message ---------\nFrom: Ana\nSubject: x\n\nhola", NULL, true},
    {"Begin forwarded message:\n\nFrom: Ana\nSubject: x\nDate: 4", NULL, true},
    {"mira\n\n---------- Mensaje reenviado ---------\nDe: Ana\n\nhola", "mira", true},
    {"mira\n\n----- Mensagem encaminhada -----\nhola", "mira", true},
    {"mira\n\nBegin forwarded message:\n\nhola", "mira", true},
    {"nuevo\n-- \nAna Gómez\n+57 1", "nuevo", false},
    {"nuevo\n--\nAna", "nuevo", false},
    {"uno\n-- \ndos\n-- \nAna", "uno\n-- \ndos", false},
    {"-- \nAna", NULL, false},
    {"nuevo\n\nSent from my iPhone", "nuevo", false},
    {"nuevo\n\nEnviado desde mi iPhone", "nuevo", false},
    {"nuevo\n\nEnviado desde Outlook", "nuevo", false},
    {"nuevo\n\nEnviado do meu iPhone", "nuevo", false},
    {"nuevo\n\nEnviado via Yahoo", "nuevo", false},
    {"nuevo\n\nGet Outlook for iOS", "nuevo", false},
    {"nuevo\n\nObtener Outlook para Android", "nuevo", false},
    {"nuevo\n\nObter o Outlook para iOS", "nuevo", false},
    {"nuevo\n\nVon meinem iPhone gesendet", "nuevo", false},
    {"nuevo\n\nEnvoyé de mon iPhone", "nuevo", false},
    {"nuevo\n\nInviato da iPhone", "nuevo", false},
    {"Enviado desde mi iPhone", NULL, false},
    {"nuevo\n\nEnviado desde mi iPhone\n\nEl 4 mar 2025, Ana escribió:\n> x", "nuevo", false},
    {"nuevo\n-- \nAna\n\nOn 4 Mar 2025 Luis wrote:\n> x", "nuevo", false},
};

static void cuts_at_the_marks_of_every_language(void **state)
{
    (void)state;
    char text[1024];
    for (size_t i = 0; i < sizeof attributions / sizeof attributions[0]; i++) {
        int n = snprintf(text, sizeof text, "nuevo\n\n%s\n> viejo\n> 2\n", attributions[i]);
        struct mail_new_text found;
        mail_new_text_find((struct str){text, (size_t)n}, NEW_TEXT_NO_QUOTE, &found);
        if (!str_is(found.text, "nuevo") || found.quote_at != strlen("nuevo\n\n"))
            fail_msg("case %zu \"%s\": \"%.*s\" at %zu", i, attributions[i], STR_ARGS(found.text),
                     found.quote_at);
    }
}

/* Programs that quote without ">". */
static void cuts_though_the_quote_has_no_signs(void **state)
{
    (void)state;
    char text[1024];
    for (size_t i = 0; i < sizeof attributions / sizeof attributions[0]; i++) {
        int n = snprintf(text, sizeof text, "nuevo\n%s\nviejo\n", attributions[i]);
        struct mail_new_text found;
        mail_new_text_find((struct str){text, (size_t)n}, NEW_TEXT_NO_QUOTE, &found);
        if (!str_is(found.text, "nuevo"))
            fail_msg("case %zu \"%s\": \"%.*s\"", i, attributions[i], STR_ARGS(found.text));
    }
}

static void keeps_what_is_new(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail_new_text found;
        mail_new_text_find(str_of(cases[i].text), NEW_TEXT_NO_QUOTE, &found);
        bool fits = cases[i].expected == NULL ? str_is_null(found.text)
                                              : str_is(found.text, cases[i].expected);
        if (!fits || found.is_forward != cases[i].is_forward)
            fail_msg("case %zu \"%s\": \"%.*s\" %d", i, cases[i].text, STR_ARGS(found.text),
                     found.is_forward);
    }
}

static void a_signature_alone_is_no_quote(void **state)
{
    (void)state;
    struct mail_new_text found;
    mail_new_text_find(STR_LIT("nuevo\n-- \nAna"), NEW_TEXT_NO_QUOTE, &found);
    assert_true(found.quote_at == NEW_TEXT_NO_QUOTE);
}

static void a_signature_is_looked_for_in_the_last_lines_only(void **state)
{
    (void)state;
    char text[256] = "uno\n-- \n";
    for (int i = 0; i < 14; i++)
        strncat(text, "x\n", sizeof text - strlen(text) - 1);
    struct mail_new_text found;
    mail_new_text_find(str_of(text), NEW_TEXT_NO_QUOTE, &found);
    assert_true(str_is(found.text, "uno"));
    strncat(text, "x\n", sizeof text - strlen(text) - 1);
    mail_new_text_find(str_of(text), NEW_TEXT_NO_QUOTE, &found);
    assert_true(str_is_null(found.text));
}

static void takes_the_mark_of_the_html(void **state)
{
    (void)state;
    struct mail_new_text found;
    struct str text = STR_LIT("nuevo\nviejo sin marca");
    mail_new_text_find(text, 6, &found);
    assert_true(str_is(found.text, "nuevo"));
    assert_int_equal(found.quote_at, 6);
    mail_new_text_find(text, 0, &found); /* nothing above it: no cut */
    assert_true(str_is_null(found.text));
}

/* ---- hostile input ---- */

static const char *const hostile[] = {
    "On 1 ",
    "On 1\n",
    "On 1:\n",
    ">",
    ">\n",
    "> \n\n",
    "--\n",
    "-- ",
    "\n",
    " ",
    "-",
    "_",
    "From:\n",
    "De ",
    "*",
    ":\n",
    "1/1/1 ",
    "\xC2\xA0",
    "El 1 escribi\xC3\xB3:\n>\n",
    "On 1 wrote:\n\n\n> a\nb\n",
    "________________________________\n",
    "##-",
    "On 1 a wrote:\nOn ",
};

/* Of the processor: others may keep the machine busy. */
static int64_t used_us(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return used.tv_sec * US_PER_SECOND + used.tv_nsec / 1000;
}

static void takes_time_by_size_alone_pathological(void **state)
{
    (void)state;
    size_t most = LIMIT_MAIL_TEXT_BYTES;
    char *bytes = malloc(most);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        size_t one = strlen(hostile[i]), n = 0;
        for (; n + one <= most; n += one)
            memcpy(bytes + n, hostile[i], one);
        int64_t begin = used_us();
        struct mail_new_text found;
        mail_new_text_find((struct str){bytes, n}, NEW_TEXT_NO_QUOTE, &found);
        if (used_us() - begin > SECONDS_MOST * US_PER_SECOND)
            fail_msg("case %zu takes too long", i);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_at_the_marks_of_every_language),
        cmocka_unit_test(cuts_though_the_quote_has_no_signs),
        cmocka_unit_test(keeps_what_is_new),
        cmocka_unit_test(a_signature_alone_is_no_quote),
        cmocka_unit_test(a_signature_is_looked_for_in_the_last_lines_only),
        cmocka_unit_test(takes_the_mark_of_the_html),
        cmocka_unit_test(takes_time_by_size_alone_pathological),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
