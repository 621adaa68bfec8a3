/* price.h -- inside plan/: pricing one alternative, and the search among them. */
#ifndef MFL_PRICE_H
#define MFL_PRICE_H
#include "plan.h"

/* Differentiates, lowers and prices an alternative, unless that was done; its number in all->all. */
int  plan_price(Plans *, const DiffOptions *);
bool plan_fits(const Plans *, int plan);                      /* in the budget, with no store but what the caller has */
/* search.c: what the options leave open, region by region. Sets all->chosen (-1 where nothing fits), leanest and stored. */
void plan_search(Plans *, const DiffOptions *asked);
/* The options with what they leave open taken from the others. */
DiffOptions plan_with(const DiffOptions *asked, Mode, const Schedule *steps, const Schedule *loops);
void plan_price_ways(Plans *, const DiffOptions *asked);       /* the chosen plan with one region's way replaced, for every region and way */
extern const Schedule schedule_keep, schedule_snapshot, schedule_gradients;
#endif
