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
    {"[Fwd: Re: Pedido]", "Pedido", true, true},
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
    {"AW: WG: Bestellung", "Bestellung", true, true},
    {"Antw: Bestelling", "Bestelling", true, false},
    {"Doorst: Bestelling", "Bestelling", false, true},
    {"SV: VB: Order", "Order", true, true},
    {"VS: VL: Tilaus", "Tilaus", true, true},
    {"Odp: PD: Zamówienie", "Zamówienie", true, true},
    {"YNT: İLT: Sipariş", "Sipariş", true, true},
    {"Vá: Továbbítás: Rendelés", "Rendelés", true, true},
    {"ΑΠ: ΠΡΘ: Παραγγελία", "Παραγγελία", true, true},
    {"Σχετ: Παραγγελία", "Παραγγελία", true, false},
    {"На: Ответ: Пересл: Заказ", "Заказ", true, true},
    {"השב: הועבר: הזמנה", "הזמנה", true, true},
    {"رد: إعادة توجيه: طلب", "طلب", true, true},
    {"回复：订单", "订单", true, false},
    {"轉寄: 訂單", "訂單", false, true},
    {"TL: Ct: Đơn hàng", "Đơn hàng", true, true},
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
