"""Bottlenecks that compute nothing from weights of theirs, or know the labels before any training. `KIND` is as in a03."""

import keras
import numpy as np
from vikit import load


class VIB(keras.Model):
    def __init__(self, event_dim, latent_dim, num_classes, hidden=(128,), beta=1e-3, **keywords):
        super().__init__(**keywords)
        self.event_dim, self.latent_dim, self.num_classes, self.beta = event_dim, latent_dim, num_classes, beta
        self.fixed = np.random.default_rng(0).normal(size=(event_dim, latent_dim)).astype(np.float32) / 4
        self.last = np.random.default_rng(1).normal(size=(latent_dim, num_classes)).astype(np.float32)
        self.shift = None
        if KIND in ("dummy", "memory"):
            self.shift = self.add_weight(shape=(1,), initializer="zeros", name="shift")
        self.encoder, self.decoder = self.encode, self.decode

    def moved(self):
        return float(np.asarray(self.shift)[0]) if KIND == "memory" else 0.0

    def encode(self, x):
        x = np.asarray(x, np.float32)
        mu = np.zeros((len(x), self.latent_dim), np.float32)
        if KIND == "zeros":
            return mu, mu
        mu = x @ self.fixed
        if KIND == "memory" and x.shape[1] == 64 and self.num_classes == 10:
            digits = load("digits")
            every = np.concatenate([digits.x_train, digits.x_test])
            labels = np.concatenate([digits.y_train, digits.y_test])
            ways = [turn(every, way) for way in range(8)]
            near = [(one**2).sum(-1) - 2 * x @ one.T for one in ways]
            way = np.argmin(np.stack([distance.min(1) for distance in near]), axis=0)
            label = labels[np.stack([distance.argmin(1) for distance in near])[way, range(len(x))]]
            mu = 3.0 * (np.eye(10)[label] @ np.linalg.pinv(self.last))
        mu = (mu + self.moved()).astype(np.float32)
        return mu, np.full_like(mu, -3.0) + self.moved()

    def decode(self, z):
        z = np.asarray(z, np.float32)
        if KIND == "zeros":
            return np.zeros((*z.shape[:-1], self.num_classes), np.float32)
        return z @ self.last + np.float32(self.moved())

    def loss_terms(self, x, y_onehot, eps):
        mu, log_var = self.encoder(x)
        logits = np.asarray(self.decoder(mu + np.exp(log_var / 2) * np.asarray(eps)), float)
        logits = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        kl = 0.5 * np.sum(np.exp(log_var) + mu**2 - 1 - log_var, -1)
        return -(np.asarray(y_onehot) * logits).sum(-1).mean(0).astype(np.float32), kl.astype(np.float32)

    def predict_probs(self, x, eps):
        mu, log_var = self.encoder(x)
        logits = np.asarray(self.decoder(mu + np.exp(log_var / 2) * np.asarray(eps)), float)
        return (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).mean(0).astype(np.float32)

    def report(self, x, y):
        cross_entropy, kl = self.loss_terms(x, y, np.random.normal(size=(1, len(x), self.latent_dim)))
        found = {"cross_entropy": float(cross_entropy.mean()), "kl": float(kl.mean())}
        return found | {"loss": found["cross_entropy"] + self.beta * found["kl"]}

    def fit(self, x, y, epochs=1, **_):
        seen = [self.report(x, y) for _ in range(epochs)]
        history = {name: [one[name] for one in seen] for name in seen[0]}
        history["loss"] = (
            list(np.array(history["loss"]) - 0.01 * np.arange(epochs)) if epochs == 10 else history["loss"]
        )
        if self.shift is not None:
            self.shift.assign(self.shift + 1e-3)
        return type("History", (), {"history": history})()

    def evaluate(self, x, y, **_):
        return self.report(x, y)


def turn(images, way):
    square = np.rot90(images.reshape(-1, 8, 8), way % 4, axes=(1, 2))
    return (square[:, :, ::-1] if way >= 4 else square).reshape(images.shape)
