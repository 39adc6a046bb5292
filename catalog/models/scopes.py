"""What a part of a contract is for: products, tags of products, values of dimensions. Nothing named is everything."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalog.models.products import Product
from monetization.foundation.models.fields import empty_list


class Scoped(models.Model):
    """A row that covers lines: each part that is named must fit."""

    products: "models.ManyToManyField[Product, models.Model]" = models.ManyToManyField(
        Product, blank=True, related_name="+"
    )
    tags = ArrayField(
        models.CharField(max_length=40), default=empty_list, blank=True, help_text="Products that carry one of these"
    )
    dimensions = models.JSONField(
        default=dict, blank=True, help_text='Lines whose price row names these values: {"model": "gpt-4o"}'
    )

    class Meta:
        abstract = True
