"""The entrance; what machines ask for is added by the API's part."""

from django.urls import URLPattern, URLResolver, path

from monetization.foundation import sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("", sign_in.home, name="home"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign_in"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign_out"),
]
