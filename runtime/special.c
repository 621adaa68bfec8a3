/* special.c -- log gamma and the polygamma functions for x > 0, without the C library's global sign.
 *   x is moved up by the recurrence, then Stirling's series with Bernoulli numbers (Abramowitz and Stegun 6.1.40, 6.4.11):
 *   lgamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + sum_k B_2k / (2k (2k - 1) x^(2k - 1))
 *   psi_n(x) = (-1)^(n+1) [(n-1)!/x^n + n!/(2 x^(n+1)) + sum_k B_2k (2k+n-1)! / ((2k)! x^(2k+n))] */
#include "mfl/runtime.h"

static const double bernoulli[] = { 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510, 43867.0 / 798, -174611.0 / 330 };
enum { TERMS = sizeof bernoulli / sizeof *bernoulli };

/* zeta(k) - 1 for k = 2, 3, ... */
static const double zeta[] = {
    0.64493406684822641, 0.20205690315959429, 0.082323233711138186, 0.036927755143369927, 0.01734306198444914, 0.0083492773819228271, 0.0040773561979443396,
    0.0020083928260822143, 0.00099457512781808526, 0.00049418860411946453, 0.00024608655330804832, 0.00012271334757848915, 6.1248135058704828e-05,
    3.0588236307020493e-05, 1.5282259408651871e-05, 7.6371976378997626e-06, 3.8172932649998402e-06, 1.908212716553939e-06, 9.5396203387279621e-07,
    4.7693298678780645e-07, 2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.9803503514652279e-08, 1.4901554828365043e-08,
    7.4507117898354301e-09, 3.7253340247884573e-09, 1.8626597235130491e-09
};

/* lgamma(2 + e) = (1 - gamma) e + sum_k (-1)^k (zeta(k) - 1) e^k / k, |e| <= 1/2: exact in the last digits where lgamma is 0, at 1 and 2. */
static double lgamma_at_2(double e)
{
    double sum = 0.0;
    for (int k = (int)(sizeof zeta / sizeof *zeta) + 1; k >= 2; k--)
        sum = zeta[k - 2] / (double)k - e * sum;
    return e * (0.42278433509846714 + e * sum);
}

double mfl_special_lgamma(double x)
{
    if (!(x > 0.0))
        return x == 0.0 ? (double)INFINITY : (double)NAN;
    if (x > 1e300)
        return x < (double)INFINITY ? x * (log(x) - 1.0) : x;
    if (x >= 0.5 && x < 1.5)
        return lgamma_at_2(x - 1.0) - log1p(x - 1.0);
    if (x >= 1.5 && x < 2.5)
        return lgamma_at_2(x - 2.0);
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
