#include "transform/email/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/limits.h"

struct subject_case {
    const char *given, *base;
    bool is_reply, is_forward;
};

static const struct subject_case cases[] = {
    {"Pedido 4471", "Pedido 4471", false, false},
    {"Re: Pedido 4471", "Pedido 4471", true, false},
    {"RE: Re:re : Pedido", "Pedido", true, false},
    {"Re[2]: Pedido", "Pedido", true, false},
    {"Re(3): Pedido", "Pedido", true, false},
    {"RE^2: Pedido", "Pedido", true, false},
    {"Fwd: Pedido", "Pedido", false, true},
    {"FW: RV: Pedido", "Pedido", false, true},
    {"Pedido (fwd)", "Pedido", false, true},
    {"Pedido (fwd) (FWD)", "Pedido", false, true},
    {"[Fwd: Re: Pedido]", "Pedido", false, true},
    {"[#4471] Re: Pedido", "[#4471] Pedido", true, false},
    {"Re: [#4471] Pedido", "[#4471] Pedido", true, false},
    {"[#4471] Re: [#4471] Pedido", "[#4471] Pedido", true, false},
    {"Re [lista]: Pedido", "Pedido", true, false},
    {"  Re:\t Pedido \n  sin\tentregar ", "Pedido sin entregar", true, false},
    {"Re:", NULL, true, false},
    {"", NULL, false, false},
    {"Reunión: lunes", "Reunión: lunes", false, false},
    {"I: Pedido", "Pedido", false, true},
    {"i:pod", "i:pod", false, false},
    {"R: Pedido", "Pedido", true, false},
    {"RÉF : Pedido", "Pedido", true, false},
    {"Réf: Pedido", "Pedido", true, false},
    {"Rta: Resp: Pedido", "Pedido", true, false},
    {"Reenv: Pedido", "Pedido", false, true},
    {"Enc: Pedido", "Pedido", false, true},
    {"AW: WG: Bestellung", "Bestellung", true, false},
    {"Antw: Bestelling", "Bestelling", true, false},
    {"Doorst: Bestelling", "Bestelling", false, true},
    {"SV: VB: Order", "Order", true, false},
    {"VS: VL: Tilaus", "Tilaus", true, false},
    {"Odp: PD: Zamówienie", "Zamówienie", true, false},
    {"YNT: İLT: Sipariş", "Sipariş", true, false},
    {"Vá: Továbbítás: Rendelés", "Rendelés", true, false},
    {"ΑΠ: ΠΡΘ: Παραγγελία", "Παραγγελία", true, false},
    {"Σχετ: Παραγγελία", "Παραγγελία", true, false},
    {"На: Ответ: Пересл: Заказ", "Заказ", true, false},
    {"השב: הועבר: הזמנה", "הזמנה", true, false},
    {"رد: إعادة توجيه: طلب", "طلب", true, false},
    {"回复：订单", "订单", true, false},
    {"轉寄: 訂單", "訂單", false, true},
    {"TL: Ct: Đơn hàng", "Đơn hàng", true, false},
    {"Re: Pedido (fwd)", "Pedido", true, false},
    {"Fwd: Re: Pedido", "Pedido", false, true},
    {"WG: x", "x", false, true},
    {"Tr: x", "x", false, true},
    {"VB: x", "x", false, true},
    {"VL: x", "x", false, true},
    {"PD: x", "x", false, true},
    {"İLT: x", "x", false, true},
    {"Továbbítás: x", "x", false, true},
    {"ΠΡΘ: x", "x", false, true},
    {"ПЕРЕСЛ: x", "x", false, true},
    {"הועבר: x", "x", false, true},
    {"إعادة توجيه: x", "x", false, true},
    {"转发：x", "x", false, true},
    {"Redir: x", "x", false, true},
    {"Trs: Yml: x", "x", false, true},
    {"Bls: Atb: x", "x", true, false},
    {"[[x] Re: y", "[[x] Re: y", false, false},
};

static void removes_the_prefixes_of_every_language(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 1 * MIB);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail_subject subject;
        assert_true(mail_subject_read(arena, str_of(cases[i].given), &subject));
        if (!(cases[i].base == NULL ? str_is_null(subject.base)
                                    : str_is(subject.base, cases[i].base)) ||
            subject.is_reply != cases[i].is_reply || subject.is_forward != cases[i].is_forward)
            fail_msg("case %zu \"%s\": \"%.*s\" %d %d", i, cases[i].given, STR_ARGS(subject.base),
                     subject.is_reply, subject.is_forward);
    }
    arena_free(&arena);
}

static void takes_a_megabyte_of_prefixes(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 64 * MIB);
    static char text[1 << 20];
    for (size_t i = 0; i + 4 <= sizeof text; i += 4)
        memcpy(text + i, i % 8 == 0 ? "Re: " : "[a] ", 4);
    struct mail_subject subject;
    assert_true(mail_subject_read(arena, (struct str){text, sizeof text}, &subject));
    assert_true(str_is(subject.base, "[a]"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removes_the_prefixes_of_every_language),
        cmocka_unit_test(takes_a_megabyte_of_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
