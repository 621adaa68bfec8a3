/* special.c -- log gamma and the polygamma functions for x > 0, without the C library's global sign.
 *   x is moved up by the recurrence, then Stirling's series with Bernoulli numbers (Abramowitz and Stegun 6.1.40, 6.4.11):
 *   lgamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + sum_k B_2k / (2k (2k - 1) x^(2k - 1))
 *   psi_n(x) = (-1)^(n+1) [(n-1)!/x^n + n!/(2 x^(n+1)) + sum_k B_2k (2k+n-1)! / ((2k)! x^(2k+n))] */
#include "mfl/runtime.h"

static const double bernoulli[] = { 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510, 43867.0 / 798, -174611.0 / 330 };
enum { TERMS = sizeof bernoulli / sizeof *bernoulli };

double mfl_special_lgamma(double x)
{
    if (!(x > 0.0))
        return x == 0.0 ? (double)INFINITY : (double)NAN;
    if (x > 1e300)
        return x < (double)INFINITY ? x * (log(x) - 1.0) : x;
    double product = 1.0, sum = 0.0, power;
    for (; x < 12.0; x += 1.0)
        product *= x;
    power = 1.0 / x;
    for (int k = 0; k < TERMS; k++) {
        sum += bernoulli[k] / (double)((2 * k + 2) * (2 * k + 1)) * power;
        power /= x * x;
    }
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + sum - log(product);
}

double mfl_special_polygamma(double order, double x)
{
    int n = (int)order;
    if (!(x > 0.0) || !(order >= 0.0) || order > 100.0)
        return (double)NAN;
    double moved = 0.0, factorial = 1.0, sum, term;
    for (int k = 2; k <= n; k++)
        factorial *= k;
    for (; x < 12.0 + n; x += 1.0)
        moved += n ? factorial / pow(x, n + 1) : 1.0 / x;
    /* term: (2k + n - 1)! / ((2k)! x^(2k + n)) for k = 1, 2, ... */
    sum = n ? factorial / n / pow(x, n) + factorial / (2.0 * pow(x, n + 1)) : -log(x) + 0.5 / x;
    term = (n ? factorial / n : 1.0) / pow(x, n);                       /* (n - 1)! / x^n; of n = 0 only the ratios count */
    for (int k = 1; k <= TERMS; k++) {
        double a = 2.0 * k + n - 2.0, b = 2.0 * k + n - 1.0;
        term *= (n == 0 && k == 1 ? 1.0 : a) * b / ((2.0 * k - 1.0) * (2.0 * k)) / (x * x);
        sum += bernoulli[k - 1] * term;
    }
    /* n = 0: -psi = -ln x + 1/(2x) + sum; the recurrence adds 1/x for each step up */
    double y = sum + moved;
    return n % 2 == 0 ? -y : y;
}
